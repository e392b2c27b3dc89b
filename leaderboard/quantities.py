"""Every number that a run is reported by: metrics, costs and counts, with unit and direction."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from xbench.metrics import METRICS

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Quantity:
    """A number of a run.

    Parameters
    ----------
    name, label, unit, direction
        As for `xbench.metrics.Metric`.
    pooled
        As for `xbench.metrics.Metric`.
    read
        Returns its value from the record of a successful run, or None where it has none.
    """

    name: str
    label: str
    unit: str
    direction: str
    read: Callable[[Mapping[str, Any]], float | None]
    pooled: str = "cell types"


def _field(name: str, divisor: float = 1.0) -> Callable[[Mapping[str, Any]], float | None]:
    def read(record: Mapping[str, Any]) -> float | None:
        value = finite(record.get(name))
        return None if value is None else value / divisor

    return read


COSTS = (
    Quantity("seconds", "seconds", "s", "lower", _field("seconds")),
    Quantity("forward-evaluations", "forward", "cells", "lower", _field("forward_evaluations")),
    Quantity("gradient-evaluations", "gradient", "cells", "lower", _field("gradient_evaluations")),
    Quantity("peak-memory", "peak memory", "MiB", "lower", _field("peak_memory_bytes", MEBIBYTE)),
)

COUNTS: dict[str, Callable[[str], bool]] = {
    "runs-ok": lambda status: status == "ok",
    "runs-failed": lambda status: status not in ("ok", "skipped"),
    "runs-skipped": lambda status: status == "skipped",
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

    def read(record: Mapping[str, Any]) -> float | None:
        return finite(record["metrics"].get(name))

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
