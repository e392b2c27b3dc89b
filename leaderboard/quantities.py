"""Every number that a run is reported by, and what is said where it has none.

Metrics, costs and counts have a unit and a direction. A run that gave no number has a reason
instead: never a zero, never nothing.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real

from xbench.metrics import METRICS
from xbench.results.record import FAILED, Record
from xbench.utils.text import plain

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Quantity:
    """A number of a run.

    Parameters
    ----------
    name, label, unit, direction
        As for `xbench.metrics.Metric`.
    read
        Returns its value from the record of a successful run, or None where it has none.
    pooled
        As for `xbench.metrics.Metric`.
    """

    name: str
    label: str
    unit: str
    direction: str
    read: Callable[[Record], float | None]
    pooled: str = "cell types"


def _peak_memory(record: Record) -> float | None:
    peak = finite(record.peak_memory_bytes)
    return None if peak is None else peak / MEBIBYTE


COSTS = (
    Quantity("seconds", "seconds", "s", "lower", lambda run: finite(run.seconds)),
    Quantity(
        "forward-evaluations", "forward", "cells", "lower",
        lambda run: finite(run.forward_evaluations),
    ),
    Quantity(
        "gradient-evaluations", "gradient", "cells", "lower",
        lambda run: finite(run.gradient_evaluations),
    ),
    Quantity("peak-memory", "peak memory", "MiB", "lower", _peak_memory),
)  # fmt: skip

COUNTS: dict[str, tuple[str, ...]] = {
    "runs-ok": ("ok",),
    "runs-failed": FAILED,
    "runs-skipped": ("skipped",),
}
"""Counts of runs, and which statuses each counts; every status belongs to exactly one."""

NOT_METRICS = frozenset([cost.name for cost in COSTS]) | frozenset(COUNTS)


def metric_quantity(name: str) -> Quantity:
    """Return the quantity of a metric; one of a newer version has unit ``"?"``, no direction.

    Examples
    --------
    >>> metric_quantity("hit-ratio").direction, metric_quantity("not-yet-invented").unit
    ('higher', '?')
    """

    def read(record: Record) -> float | None:
        return finite(record.metrics.get(name))

    if name in METRICS:
        metric = METRICS[name]
        return Quantity(name, metric.label, metric.unit, metric.direction, read, metric.pooled)
    return Quantity(name, name, "?", "none", read)


def finite(value: object) -> float | None:
    """Return a number as a float, and None for whatever is no finite number.

    Examples
    --------
    >>> finite(2), finite(float("nan")), finite(None)
    (2.0, None, None)
    """
    if isinstance(value, Real) and math.isfinite(value):
        return float(value)
    return None


_LONGEST_REASON = 200
_WORST_FIRST = ("failed", "oom", "timeout", "skipped")
_WORDS = {"oom": "out of memory"}


def reason_of(record: Record) -> str:
    """Return status and reason of a run, on one line: ``"skipped: no gene coordinates"``."""
    reason = plain(record.reason or "no reason recorded", _LONGEST_REASON)
    return f"{record.status}: {reason}"


def worst(reasons: Sequence[str]) -> str:
    """Return the gravest of several reasons, the first among equals; ``"ok"`` without any.

    Examples
    --------
    >>> worst(["skipped: no coordinates", "timeout: 600 s", "timeout: 601 s"])
    'timeout: 600 s'
    """

    def gravity(reason: str) -> int:
        kind = reason.split(":")[0]
        return _WORST_FIRST.index(kind) if kind in _WORST_FIRST else 0

    return min(reasons, key=gravity, default="ok")


def value_status(values: int, runs: Sequence[Record]) -> str:
    """Return the status of a number that `values` of the runs gave.

    ``"ok (1 of 2)"`` where some gave it; the gravest reason where none did.
    """
    if values:
        return "ok" if values == len(runs) else f"ok ({values} of {len(runs)})"
    reasons = [reason_of(record) for record in runs if record.status != "ok"]
    if len(reasons) < len(runs):
        return f"no value: {len(runs) - len(reasons)} of {len(runs)} runs ok, none has this number"
    return worst(reasons)


def mean_status(
    present: int, expected: int, statuses: Sequence[str], values: int, runs: int
) -> str:
    """Return the status of a mean over targets, of which `present` of `expected` have a value.

    Examples
    --------
    >>> mean_status(11, 13, ["ok"] * 11, 33, 33)
    '11 of 13 targets'
    >>> mean_status(0, 2, ["skipped: no coordinates", "failed: bug"], 0, 6)
    'failed: bug'
    """
    if not present:
        return worst(statuses)
    if present < expected:
        return f"{present} of {expected} targets"
    return "ok" if values == runs else f"ok ({values} of {runs})"


def word(status: str) -> str:
    """Return what a table shows in the place of a number.

    Examples
    --------
    >>> word("oom: 12 GiB asked for"), word("skipped: no coordinates")
    ('out of memory', 'skipped')
    """
    kind = status.split(":")[0]
    return _WORDS.get(kind, kind)
