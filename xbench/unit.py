"""Grouping runs that one explanation can serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xbench.benchmark.plan import RunKey
from xbench.registry.scan import Entry


@dataclass(frozen=True)
class Unit:
    """Runs that differ only in L, so that one nested explanation can serve them all.

    Parameters
    ----------
    keys
        The runs, largest L first.
    run_ids
        Of the runs, in the same order.
    method
        Where the method's class is found.
    method_digest
        Of the file that defines it.
    timeout_seconds
        Limit of one explanation; None for none.
    """

    keys: tuple[RunKey, ...]
    run_ids: tuple[str, ...]
    method: Entry
    method_digest: str
    timeout_seconds: float | None = None


def units(
    keys: Sequence[RunKey],
    run_ids: Sequence[str],
    methods: dict[str, tuple[Entry, str]],
    timeout_seconds: float | None = None,
) -> list[Unit]:
    """Group runs that differ only in L, in the order of their first run.

    Parameters
    ----------
    keys, run_ids
        The runs.
    methods
        Entry and digest of each method, by its registered name.
    """
    groups: dict[tuple[str, str, str, int], list[tuple[RunKey, str]]] = {}
    for key, run_id in zip(keys, run_ids, strict=True):
        group = (key.cell_type, key.target, key.method, key.repetition)
        groups.setdefault(group, []).append((key, run_id))
    result = []
    for members in groups.values():
        members.sort(key=lambda member: -member[0].L)
        ordered, ids = zip(*members, strict=True)
        entry, digest = methods[ordered[0].method_name]
        result.append(Unit(ordered, ids, entry, digest, timeout_seconds))
    return result
