"""What was found about runs, beside their records, at the largest L."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from xbench.results.findings import Finding


class Matched(NamedTuple):
    """A successful run and what one analysis found about it.

    Parameters
    ----------
    record
        Fields of `xbench.results.record.Record`.
    values
        Of the finding.
    """

    record: Mapping[str, Any]
    values: Mapping[str, Any]


def at_largest(
    records: Iterable[Mapping[str, Any]],
    findings: Iterable[Finding],
    analysis: str,
    method: str | None = None,
) -> list[Matched]:
    """Return the successful runs that an analysis has findings of, at their largest L.

    Parameters
    ----------
    records
        Records of runs that count (`xbench.results.current`).
    findings
        In any order; those of other runs and analyses are passed over.
    analysis
        Name of the analysis.
    method
        Label of the only method wanted; every method where None.

    Returns
    -------
    list of Matched
        All of one L, by method, cell type, target and repetition; empty where nothing was found.

    Examples
    --------
    >>> at_largest([], [], "figure3")
    []
    """
    values = {one.run_id: one.values for one in findings if one.analysis == analysis}
    matched = [
        Matched(record, values[record["run_id"]])
        for record in records
        if record["run_id"] in values
        and record["status"] == "ok"
        and method in (None, record["method"])
    ]
    largest = max((one.record["L"] for one in matched), default=0)
    return sorted((one for one in matched if one.record["L"] == largest), key=_place)


def _place(one: Matched) -> tuple[str, str, str, int]:
    record = one.record
    return record["method"], record["cell_type"], record["target"], record["repetition"]
