"""Metrics that were computed after the runs, on stored selections: findings beside the records."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from xbench.results.findings import Finding
from xbench.results.record import Record

ANALYSIS = "metric:"


def score_finding(run_id: str, metric: str, value: float | None, version: int = 1) -> Finding:
    """Return the finding that keeps a metric of a run; None where it is undefined there."""
    values = {"value": value}
    return Finding(analysis=ANALYSIS + metric, run_id=run_id, values=values, version=version)


def with_scores(records: Sequence[Record], findings: Iterable[Finding]) -> list[Record]:
    """Return records with the metrics that were computed afterwards among theirs.

    Parameters
    ----------
    records
        As they are stored; what was computed afterwards takes the place of their own.
    findings
        Of the same store; other analyses are passed over.

    Examples
    --------
    >>> with_scores([], [score_finding("00c0ffee00c0ffee", "mean-drop", 1.5)])
    []
    """
    scores: dict[str, dict[str, float | None]] = {}
    for finding in findings:
        if finding.analysis.startswith(ANALYSIS):
            name = finding.analysis.removeprefix(ANALYSIS)
            scores.setdefault(finding.run_id, {})[name] = finding.values.get("value")
    return [
        replace(record, metrics=_together(record.metrics, scores[record.run_id]))
        if record.status == "ok" and record.run_id in scores
        else record
        for record in records
    ]


def _together(
    stored: dict[str, float | None], scored: dict[str, float | None]
) -> dict[str, float | None]:
    """Return a run's own metrics, with what was computed afterwards where it says more."""
    return stored | {
        name: value for name, value in scored.items() if value is not None or name not in stored
    }
