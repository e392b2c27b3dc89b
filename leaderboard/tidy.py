"""Records of runs summed up in tidy rows: one number a row, with its interval.

The tidy rows as comma-separated values.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

import pandas as pd

from xbench.results.current import ALL, Record, current

from .formats.plain_formats import csv_text
from .quantities import COSTS, COUNTS, Quantity, metric_quantity
from .row import (
    TaskLike,
    TidyRow,
    declared_first,
    from_frame,
    mean_status,
    reason_of,
    to_frame,
    value_status,
    worst,
)
from .statistics.bootstrap import Nested, hierarchical_interval

TargetKey = tuple[str, str]
Runs = dict[TargetKey, list[Record]]


class _Group(NamedTuple):
    """All runs of one method at one L, and the targets that it should have been run on."""

    place: tuple[str, str, str]
    method: str
    size: int
    runs: Runs
    expected: frozenset[TargetKey]


def tidy(records: Iterable[Mapping[str, Any]], tasks: Mapping[str, TaskLike]) -> pd.DataFrame:
    """Sum up records in tidy rows.

    There is a row for each (target, method, L) and each metric, cost and count over repetitions;
    one for the mean over a cell type's targets (target ``"*"``); and one for the mean over the
    cell types (both ``"*"``), as in the paper's row "Avg.". Counts of runs are summed up, not
    averaged. Runs without a result are in no mean, but every (target, method, L) recorded has
    its rows, whose status says what became of it.

    Parameters
    ----------
    records
        Records of runs; `xbench.results.current` says which of them count.
    tasks
        Tasks by name; records of other tasks are summed up too.

    Returns
    -------
    pandas.DataFrame
        Columns of `TidyRow`, in its order.

    Examples
    --------
    >>> tidy([], {}).empty
    True
    """
    rows: list[TidyRow] = []
    chosen = current(records).records
    for place, group in groupby(chosen, key=lambda r: (r["task"], r["dataset"], r["surrogate"])):
        rows.extend(_study_rows(place, list(group), tasks.get(place[0])))
    return to_frame(rows)


def _study_rows(
    place: tuple[str, str, str], records: list[Record], task: TaskLike | None
) -> Iterator[TidyRow]:
    """Yield the rows of one (task, dataset, surrogate)."""
    declared = task.metrics if task else ()
    found = {name for record in records for name in record["metrics"]} | set(declared)
    quantities = [metric_quantity(name) for name in declared_first(declared, found)]
    expected = {(record["cell_type"], record["target"]) for record in records}
    if task:
        expected |= {(entry.cell_type, name) for entry in task.targets for name in entry.outputs}
    by_method: dict[tuple[str, int], Runs] = {}
    for record in records:
        runs = by_method.setdefault((record["method"], int(record["L"])), {})
        runs.setdefault((record["cell_type"], record["target"]), []).append(record)
    for (method, size), runs in by_method.items():
        group = _Group(place, method, size, runs, frozenset(expected))
        for quantity in (*quantities, *COSTS):
            yield from _value_rows(group, quantity)
        for count in COUNTS:
            yield from _count_rows(group, count)


def _value_rows(group: _Group, quantity: Quantity) -> Iterator[TidyRow]:
    """Yield the rows of one metric or cost: each target, each cell type, overall."""
    values = {
        target: [
            value
            for record in records
            if record["status"] == "ok" and (value := quantity.read(record)) is not None
        ]
        for target, records in group.runs.items()
    }
    statuses = {
        target: value_status(len(values[target]), records) for target, records in group.runs.items()
    }
    for target in group.runs:
        yield _value_row(group, quantity, target, values[target], statuses[target])
    cell_types = sorted({cell_type for cell_type, _ in group.runs})
    for cell_type in cell_types:
        inside = [target for target in group.runs if target[0] == cell_type]
        expected = sum(target[0] == cell_type for target in group.expected)
        status = _status_over(group, inside, expected, values, statuses)
        nested = [values[target] for target in inside]
        yield _value_row(group, quantity, (cell_type, ALL), nested, status)
    everything: Nested = [
        [values[target] for target in group.runs if target[0] == cell_type]
        for cell_type in cell_types
    ]
    if quantity.pooled == "targets":
        everything = [values[target] for target in group.runs]
    status = _status_over(group, list(group.runs), len(group.expected), values, statuses)
    yield _value_row(group, quantity, (ALL, ALL), everything, status)


def _status_over(
    group: _Group,
    targets: list[TargetKey],
    expected: int,
    values: dict[TargetKey, list[float]],
    statuses: dict[TargetKey, str],
) -> str:
    return mean_status(
        present=sum(bool(values[target]) for target in targets),
        expected=expected,
        statuses=[statuses[target] for target in targets],
        values=sum(len(values[target]) for target in targets),
        runs=sum(len(group.runs[target]) for target in targets),
    )


def _value_row(
    group: _Group, quantity: Quantity, target: TargetKey, values: Nested, status: str
) -> TidyRow:
    mean, low, high = hierarchical_interval(values)
    row = _empty_row(group, quantity.name, target)
    return row._replace(
        unit=quantity.unit,
        direction=quantity.direction,
        mean=mean,
        low=low,
        high=high,
        n=_count_leaves(values),
        status=status,
    )


def _count_leaves(values: Nested) -> int:
    return sum(_count_leaves(value) if isinstance(value, list) else 1 for value in values)


def _count_rows(group: _Group, count: str) -> Iterator[TidyRow]:
    """Yield the numbers of runs that ended in one way; the status has the gravest reason.

    So the reason of a failure is kept even where other repetitions gave a value.
    """
    cell_types = sorted({cell_type for cell_type, _ in group.runs})
    for place in [*group.runs, *((cell_type, ALL) for cell_type in cell_types), (ALL, ALL)]:
        records = [
            record
            for target, runs in group.runs.items()
            if place[0] in (ALL, target[0]) and place[1] in (ALL, target[1])
            for record in runs
        ]
        counted = [record for record in records if COUNTS[count](record["status"])]
        succeeded = sum(record["status"] == "ok" for record in records)
        if count == "runs-ok":
            status = value_status(succeeded, records)
        else:
            status = worst([reason_of(record) for record in counted])
        yield _empty_row(group, count, place)._replace(
            mean=float(len(counted)), n=succeeded, status=status
        )


def _empty_row(group: _Group, metric: str, target: TargetKey) -> TidyRow:
    nothing = math.nan
    ids = " ".join(record["run_id"] for record in group.runs.get(target, ()))
    return TidyRow(
        *group.place, *target, group.method, group.size, metric, "runs", "none",
        nothing, nothing, nothing, 0, "", ids,
    )  # fmt: skip


def tidy_text(rows: pd.DataFrame) -> str:
    """Return tidy rows as comma-separated values with 6 significant digits, sorted.

    Parameters
    ----------
    rows
        As `tidy` returns them.

    Examples
    --------
    >>> from .row import to_frame
    >>> tidy_text(to_frame([])).startswith("task,dataset,surrogate,")
    True
    """
    ordered = sorted(from_frame(rows), key=lambda row: row.place)
    cells = [
        [_digits(cell) if isinstance(cell, float) else cell for cell in row] for row in ordered
    ]
    return csv_text([TidyRow._fields, *cells])


def _digits(value: float) -> str:
    """Return a number with 6 significant digits, and nothing for one that is missing."""
    # Adding zero turns a negative zero into a plain one.
    return "" if math.isnan(value) else f"{value + 0.0:.6g}"
