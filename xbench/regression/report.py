"""The words and numbers of a comparison, the same on every page."""

from __future__ import annotations

import math

from xbench.metrics import METRICS, arrow
from xbench.regression.compare import Comparison
from xbench.regression.gate import Gate

HEADINGS = ("", "method", "L", "what", "baseline", "now", "change", "allowed", "how sure", "where")
MARKS = {"regression": "worse", "better": "better", "within": "within", "same": "same"}


def cells(gate: Gate) -> tuple[str, ...]:
    """Return the texts of a gate's row, one for each of `HEADINGS`.

    Examples
    --------
    >>> cells(Gate(method="grids", L=10, kind="metrics", quantity="optimality", before=0.99,
    ...            after=0.9, worse=0.09, limit=0.02, rule="band", chance=1e-9, direction="higher",
    ...            verdict="regression", detail="most at VIP:GAD1, -0.5"))
    ... # doctest: +NORMALIZE_WHITESPACE
    ('worse', 'grids', '10', 'optimality ↑', '0.99', '0.9', '-0.09', '-0.02', 'p = 1e-09',
     'most at VIP:GAD1, -0.5')
    """
    return (
        MARKS[gate.verdict],
        gate.method,
        str(gate.L),
        _what(gate),
        number(gate.before),
        number(gate.after),
        *_change_and_limit(gate),
        _sure(gate),
        gate.detail,
    )


def number(value: float | None) -> str:
    """Return a number with five significant digits; large ones whole and by thousands.

    Examples
    --------
    >>> number(None), number(0.123456789), number(-95.1234), number(1234567.5), number(7.0)
    ('–', '0.12346', '-95.123', '1,234,568', '7')
    """
    if value is None:
        return "–"
    if abs(value) >= 1e5 and math.isfinite(value):
        return f"{value:,.0f}"
    return f"{value:.5g}"


def summary(comparison: Comparison) -> str:
    """Say in one line what came out.

    Examples
    --------
    >>> from xbench.regression.snapshot import Header
    >>> header = Header(task="t", task_version=1, dataset="d", dataset_digest="0",
    ...                 surrogate="s", surrogate_digest="1")
    >>> summary(Comparison("ci", header, header, (), ()))
    'baseline ci: 0 worse, 0 better, 0 within what is allowed, 0 the same'
    """
    counts = comparison.counts
    return (
        f"baseline {comparison.name}: {counts['regression']} worse, {counts['better']} better, "
        f"{counts['within']} within what is allowed, {counts['same']} the same"
    )


def origin(comparison: Comparison) -> str:
    """Say where the baseline and the fresh run come from.

    Examples
    --------
    >>> from xbench.regression.snapshot import Header
    >>> header = Header(task="t", task_version=1, dataset="d", dataset_digest="0",
    ...                 surrogate="s", surrogate_digest="1", created="2025-01-31", machine="a CPU")
    >>> origin(Comparison("ci", header, header, (), ()))
    'task t version 1 on d with s; baseline of 2025-01-31 on a CPU'
    """
    old = comparison.baseline
    made = f"; baseline of {old.created}" if old.created else ""
    where = f" on {old.machine}" if old.machine else ""
    place = f"task {old.task} version {old.task_version} on {old.dataset} with {old.surrogate}"
    return place + made + where


def _what(gate: Gate) -> str:
    if gate.kind == "metrics":
        metric = METRICS[gate.quantity]
        unit = "" if metric.unit == "1" or metric.unit in metric.name else f" ({metric.unit})"
        return gate.quantity + unit + arrow(gate.direction)
    unit = f" ({gate.unit})" if gate.kind == "seconds" else ""
    return gate.quantity + unit + arrow(gate.direction)


def _change_and_limit(gate: Gate) -> tuple[str, str]:
    if gate.kind == "seconds":
        return f"× {gate.worse:.3g}", f"× {gate.limit:.3g}"
    if gate.kind == "evaluations" and gate.rule != "band":
        return f"{100 * gate.worse:+.2f}%", f"{100 * gate.limit:+.3g}%" if gate.limit else "none"
    sign = -1.0 if gate.direction == "higher" else 1.0
    limit = f"{sign * gate.limit:+.3g}" if gate.limit else "none"
    # Added, so that nothing is +0 and never -0.
    return f"{sign * gate.worse + 0.0:+.3g}", limit


def _sure(gate: Gate) -> str:
    if gate.rule == "band" and gate.chance is not None:
        return f"p = {gate.chance:.1g}"
    return {"exact": "exact", "threshold": "threshold", "factor": "median"}.get(gate.rule, "")
