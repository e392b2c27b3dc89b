"""The values that statistics are computed from: repetitions by method and target."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from xbench.errors import XbenchError, unknown_name
from xbench.results.current import current

from ..quantities import metric_quantity

Value = TypeVar("Value")
TargetKey: TypeAlias = tuple[str, str]
Repetitions: TypeAlias = Sequence[float] | Mapping[int, float]
"""Values in the order of repetitions, or by their numbers where some may be missing."""
Values: TypeAlias = Mapping[str, Mapping[TargetKey, Repetitions]]


def values_of_records(
    records: Iterable[Mapping[str, Any]], place: tuple[str, str, str], size: int, metric: str
) -> dict[str, dict[TargetKey, dict[int, float]]]:
    """Return one metric's values at one L, with every repetition.

    Parameters
    ----------
    records
        Records of runs; `xbench.results.current` says which of them count. Runs without a
        result have no value.
    place
        Names of task, dataset and surrogate.
    size
        L.
    metric
        Name of a metric.

    Returns
    -------
    dict
        For each method and target (cell type, gene) the values of its repetitions, by their
        numbers. A method or target without any value is absent.

    Examples
    --------
    >>> values_of_records([], ("toy", "cortex", "cross-modality"), 10, "rel-delta")
    {}
    """
    return by_method_and_target(
        (
            record
            for record in current(records).records
            if (record["task"], record["dataset"], record["surrogate"]) == place
            and record["status"] == "ok"
        ),
        size,
        metric_quantity(metric).read,
    )


def by_method_and_target(
    records: Iterable[Mapping[str, Any]],
    size: int,
    read: Callable[[Mapping[str, Any]], Value | None],
) -> dict[str, dict[TargetKey, dict[int, Value]]]:
    """Gather what successful runs at one L say, by method, target and number of the repetition.

    Parameters
    ----------
    records
        Successful runs of one (task, dataset, surrogate).
    size
        L.
    read
        From a record to what it says; None where it says nothing.

    Examples
    --------
    >>> run = {"L": 10, "method": "grids", "cell_type": "VIP", "target": "GAD1", "seconds": 2.0}
    >>> by_method_and_target([{**run, "repetition": 4}], 10, lambda record: record["seconds"])
    {'grids': {('VIP', 'GAD1'): {4: 2.0}}}
    """
    gathered: dict[str, dict[TargetKey, dict[int, Value]]] = {}
    for record in records:
        if int(record["L"]) == size and (value := read(record)) is not None:
            targets = gathered.setdefault(record["method"], {})
            repetitions = targets.setdefault((record["cell_type"], record["target"]), {})
            repetitions[int(record["repetition"])] = value
    return gathered


def of_method(values: Values, method: str) -> dict[TargetKey, dict[int, float]]:
    """Return a method's targets that have values, sorted, with the values by repetition.

    Parameters
    ----------
    values
        Repetitions by method and target. Targets without repetitions are left out.
    method
        A method among them.

    Raises
    ------
    XbenchError
        If there is no such method, or one of its values is not finite.

    Examples
    --------
    >>> of_method({"grids": {("VIP", "GAD2"): [1, 2], ("VIP", "GAD1"): []}}, "grids")
    {('VIP', 'GAD2'): {0: 1.0, 1: 2.0}}
    """
    if method not in values:
        raise unknown_name("method", method, values, where="values compared")
    found = {}
    for target, repetitions in sorted(values[method].items()):
        numbered = repetitions if isinstance(repetitions, Mapping) else dict(enumerate(repetitions))
        numbers = {number: float(value) for number, value in sorted(numbered.items())}
        if not all(map(math.isfinite, numbers.values())):
            raise XbenchError(
                f"values of {method} on {':'.join(target)}: every value must be finite; "
                "leave out runs without a result"
            )
        if numbers:
            found[target] = numbers
    return found
