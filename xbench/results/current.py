"""Which records count: the newest of each run, and never two versions of a thing in one mean."""

import math
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from xbench.errors import XbenchError
from xbench.results.findings import Finding
from xbench.results.record import Record
from xbench.utils.json import json_digest
from xbench.utils.text import plain

ALL = "*"

_NAMES = ("task", "dataset", "surrogate", "cell_type", "target", "method")


@dataclass(frozen=True)
class Current:
    """The records that count.

    Parameters
    ----------
    records
        One for each (task, dataset, surrogate, cell type, target, method, L, repetition), in
        that order.
    left_out
        For each (task, dataset) the number of runs left out, since a newer run had another task
        version, dataset, surrogate or method under the same name.
    """

    records: list[Record]
    left_out: dict[tuple[str, str], int]


def current(records: Iterable[Record]) -> Current:
    """Choose the records that count.

    The latest record of a run replaces earlier ones. Of runs made with different versions of
    the task, the dataset or the surrogate, or with another window or other known links, only those
    of the newest count, and likewise of a method, its parameters and its budget: a mean over two
    versions would describe neither.

    Parameters
    ----------
    records
        Records of runs, in any order.

    Raises
    ------
    XbenchError
        If a cell type or target is named ``"*"``, which stands for means.

    Examples
    --------
    >>> current([]).records
    []
    """
    latest: dict[str, Record] = {}
    for record in sorted(map(_on_one_line, records), key=_age):
        latest.pop(record.run_id, None)
        latest[record.run_id] = record
    ordered = list(latest.values())
    kept = _of_newest(ordered, _study, lambda record: record.task_version)
    kept = _of_newest(kept, _study, lambda record: record.dataset_digest)
    kept = _of_newest(kept, _study, lambda record: record.surrogate_digest)
    kept = _of_newest(kept, _study, lambda record: json_digest(record.asked))
    kept = _of_one_question(_of_newest(kept, _method, lambda record: record.method_version))
    kept = _of_newest(kept, _method, lambda record: record.budget)
    kept = list({_slot(record): record for record in sorted(kept, key=_age)}.values())
    return Current(sorted(kept, key=_slot), dict(_count(ordered) - _count(kept)))


def _on_one_line(record: Record) -> Record:
    """Return the record with its names on one line, without invisible characters."""
    for name, value in zip(("cell_type", "target"), record.explained, strict=True):
        if plain(value) == ALL:
            raise XbenchError(f"record {record.run_id}: {name} {ALL!r} stands for means; rename it")
    names: dict[str, Any] = {name: plain(getattr(record, name)) for name in _NAMES}
    same = all(getattr(record, name) == value for name, value in names.items())
    return record if same else replace(record, **names)


# How far ahead the clock of another machine may be.
_SKEW_SECONDS = 24 * 3600


def _age(record: Record) -> tuple[float, str]:
    """Return when a record was made, and its run's name to settle ties.

    The order of the records in the store then does not matter. A time that has not come yet, or is
    none, says nothing: such a record must not hide all that are made from now on, so it is older
    than any other.
    """
    try:
        made = datetime.fromisoformat(record.created)
    except ValueError:
        return -math.inf, record.run_id
    seconds = made.replace(tzinfo=made.tzinfo or UTC).timestamp()
    is_past = seconds <= time.time() + _SKEW_SECONDS
    return (seconds if is_past else -math.inf), record.run_id


def current_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings without those of older versions of an analysis.

    Examples
    --------
    >>> old = Finding(analysis="contacts", run_id="0", version=1)
    >>> new = Finding(analysis="contacts", run_id="1", version=2)
    >>> current_findings([new, old]) == [new]
    True
    """
    known = list(findings)
    newest: dict[str, int] = {}
    for finding in known:
        newest[finding.analysis] = max(finding.version, newest.get(finding.analysis, 0))
    return [finding for finding in known if finding.version == newest[finding.analysis]]


def _study(record: Record) -> tuple[str, ...]:
    return record.study


def _method(record: Record) -> tuple[str, ...]:
    return *record.study, record.method


def _slot(record: Record) -> tuple[str | int, ...]:
    return *record.study, *record.explained, record.method, record.L, record.repetition


def _of_newest(
    ordered: list[Record], group: Callable[[Record], Hashable], version: Callable[[Record], object]
) -> list[Record]:
    """Keep of each group the records with the newest version of one thing.

    Runs that ended before the version was known (a skipped one, say) stay too.
    """
    newest = {group(record): version(record) for record in ordered if version(record)}
    return [
        record
        for record in ordered
        if not version(record) or version(record) == newest[group(record)]
    ]


def _of_one_question(ordered: list[Record]) -> list[Record]:
    """Keep of each method the records that have the parameters of its newest successful one.

    A run that failed early names only the parameters that it was given: it stays where these
    agree.
    """
    newest: dict[Hashable, Record] = {}
    for record in ordered:
        last = newest.get(_method(record))
        if last is None or record.status == "ok" or last.status != "ok":
            newest[_method(record)] = record
    return [record for record in ordered if _agree(record, newest[_method(record)])]


def _agree(record: Record, other: Record) -> bool:
    """Whether two records give the same value to every parameter that both name."""
    mine, others = record.parameters, other.parameters
    return all(mine[name] == others[name] for name in mine.keys() & others.keys())


def _count(records: list[Record]) -> Counter[tuple[str, str]]:
    return Counter((record.task, record.dataset) for record in records)
