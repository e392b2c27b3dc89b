"""Which records count: the newest of each run, and never two versions of a thing in one mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from xbench.errors import XbenchError
from xbench.results.findings import Finding
from xbench.utils.text import plain

ALL = "*"

Record = dict[str, Any]

_NAMES = ("task", "dataset", "surrogate", "cell_type", "target", "method")
_NEEDED = (*_NAMES, "run_id", "L", "repetition", "status", "metrics")


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


def current(records: Iterable[Mapping[str, Any]]) -> Current:
    """Choose the records that count.

    The latest record of a run replaces earlier ones. Of runs made with different versions of
    the task, the dataset or the surrogate only those of the newest count, and likewise of a
    method: a mean over two versions would describe neither.

    Parameters
    ----------
    records
        Records of runs, in any order.

    Raises
    ------
    XbenchError
        If a record lacks a field, or is named ``"*"``, which stands for means.

    Examples
    --------
    >>> current([]).records
    []
    """
    latest: dict[str, Record] = {}
    for record in sorted((_checked(record) for record in records), key=_age):
        latest[record["run_id"]] = record
    ordered = list(latest.values())
    kept = ordered
    for field in ("task_version", "dataset_digest", "surrogate_digest"):
        kept = _of_newest(kept, _study, field)
    kept = _of_newest(kept, _method, "method_digest")
    kept = list({_slot(record): record for record in sorted(kept, key=_age)}.values())
    return Current(sorted(kept, key=_slot), dict(_count(ordered) - _count(kept)))


def _checked(record: Mapping[str, Any]) -> Record:
    """Return a copy with names on one line."""
    missing = [name for name in _NEEDED if name not in record]
    if missing:
        raise XbenchError(
            f"record {record.get('run_id', '?')}: no field {missing[0]!r}; "
            "delete it from the store and run it again"
        )
    named = {name: plain(record[name]) for name in _NAMES}
    for name in ("cell_type", "target"):
        if named[name] == ALL:
            raise XbenchError(
                f"record {record['run_id']}: {name} {ALL!r} stands for means; rename it"
            )
    return {**record, **named}


def _age(record: Record) -> tuple[str, str]:
    # Times are ISO 8601 in UTC: their text sorts as they do. The run's name settles ties, so
    # that the order of the records in the store does not matter.
    return str(record.get("created", "")), str(record["run_id"])


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


def _study(record: Record) -> tuple[Any, ...]:
    return record["task"], record["dataset"], record["surrogate"]


def _method(record: Record) -> tuple[Any, ...]:
    return (*_study(record), record["method"])


def _slot(record: Record) -> tuple[Any, ...]:
    place = tuple(record[name] for name in _NAMES)
    return (*place, int(record["L"]), int(record["repetition"]))


def _of_newest(
    ordered: list[Record], group: Callable[[Record], Hashable], field: str
) -> list[Record]:
    """Keep of each group the records with the newest version that `field` names.

    Runs that ended before the version was known (a skipped one, say) stay too.
    """
    newest = {group(record): record[field] for record in ordered if record.get(field)}
    return [
        record
        for record in ordered
        if not record.get(field) or record[field] == newest[group(record)]
    ]


def _count(records: list[Record]) -> Counter[tuple[str, str]]:
    return Counter((record["task"], record["dataset"]) for record in records)
