"""Records of runs summed up in tidy rows: one number a row, with its interval, as results.csv."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol

from xbench.metrics.expression import followed
from xbench.results.current import ALL, current
from xbench.results.exports import chosen_features
from xbench.results.record import Record

from .formats import csv_text
from .quantities import (
    COSTS,
    COUNTS,
    Quantity,
    mean_status,
    metric_quantity,
    reason_of,
    value_status,
    worst,
)
from .statistics import Nested, TargetKey, hierarchical_interval

REL_DELTA, OF_JUDGE, AGREEMENT = "rel-delta", "judge-rel-delta", "judge-agreement"


class TidyRow(NamedTuple):
    """A quantity of one method on one target, or its mean over targets.

    Parameters
    ----------
    task, dataset, surrogate
        What was explained.
    cell_type, target
        Where; ``"*"`` as target for the mean over a cell type's targets, ``"*"`` as both for the
        mean over the cell types.
    method
        Label of the method.
    L
        Number of features masked.
    metric
        Name of the metric, cost or count.
    unit, direction
        Unit of the value, and which values are better: ``"lower"``, ``"higher"`` or ``"none"``.
    mean, low, high
        Mean and 95% interval; NaN where there is none. For counts of runs: the total.
    n
        Number of successful runs behind the row.
    status
        ``"ok"``, ``"ok (2 of 3)"``, ``"11 of 13 targets"``, ``"failed: reason"`` and so on.
    runs
        Ids of the runs behind the row of one target, by spaces; empty for a mean over targets,
        which is that of the rows of its targets.
    features
        In the row ``runs-ok`` of one target, the names of the L features that most of these runs
        chose, the most often chosen first, by ``"; "``; empty where the runs keep no names.
    """

    task: str
    dataset: str
    surrogate: str
    cell_type: str
    target: str
    method: str
    L: int
    metric: str
    unit: str
    direction: str
    mean: float
    low: float
    high: float
    n: int
    status: str
    runs: str = ""
    features: str = ""

    @property
    def place(self) -> tuple[str, str, str, str, str, str, int, str]:
        """What identifies the row; rows are kept in this order.

        ``"*"`` sorts before letters and digits, so that means come before what they sum up.
        """
        return self[:8]


class TargetLike(Protocol):
    """Outputs explained for one cell type."""

    @property
    def cell_type(self) -> str:
        """Cell type or class, as in the task file."""

    @property
    def outputs(self) -> Sequence[str]:
        """Genes or classes, as in the task file."""


class TaskLike(Protocol):
    """A task as its file declares it."""

    @property
    def title(self) -> str:
        """Heading of its tables."""

    @property
    def description(self) -> str:
        """What it asks, in a few sentences."""

    @property
    def metrics(self) -> Sequence[str]:
        """Names of its metrics, in the order of the columns."""

    @property
    def primary_metric(self) -> str:
        """Name of the metric that ranks the methods."""

    @property
    def layout(self) -> str:
        """``"table1"`` or ``"ranked"``."""

    @property
    def subset_sizes(self) -> Sequence[int]:
        """The L of its runs."""

    @property
    def method_labels(self) -> Sequence[str]:
        """Labels of its methods, in the order of the columns."""

    @property
    def targets(self) -> Sequence[TargetLike]:
        """What is explained, cell type by cell type."""


def declared_first(declared: Iterable[str], found: Iterable[str]) -> list[str]:
    """Return the names found: declared ones in their order, then the others by name.

    Examples
    --------
    >>> declared_first(["random", "lime", "grids"], {"grids", "mine", "random"})
    ['random', 'grids', 'mine']
    """
    known = [name for name in dict.fromkeys(declared) if name in set(found)]
    return known + sorted(set(found) - set(known))


def asks_its_own(task: TaskLike, explained: Collection[TargetKey]) -> bool:
    """Whether runs are about the targets that their task declares, or some of them.

    Who asks a task's question about genes of their own is not told of sixteen that are missing. A
    task that finds its targets in the data has no others.
    """
    declared = {(entry.cell_type, name) for entry in task.targets for name in entry.outputs}
    return not declared or not declared.isdisjoint(explained)


class _Group(NamedTuple):
    """All runs of one method at one L, and the targets that it should have been run on."""

    place: tuple[str, str, str]
    method: str
    size: int
    runs: dict[TargetKey, list[Record]]
    expected: frozenset[TargetKey]


def tidy(records: Iterable[Record], tasks: Mapping[str, TaskLike]) -> list[TidyRow]:
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
    list of TidyRow
        Sorted by `TidyRow.place`.

    Examples
    --------
    >>> tidy([], {})
    []
    """
    rows: list[TidyRow] = []
    for place, group in groupby(current(records).records, key=lambda record: record.study):
        rows.extend(_study_rows(place, list(group), tasks.get(place[0])))
    return sorted(rows, key=lambda row: row.place)


def _study_rows(
    place: tuple[str, str, str], records: list[Record], task: TaskLike | None
) -> Iterator[TidyRow]:
    """Yield the rows of one (task, dataset, surrogate)."""
    declared = task.metrics if task else ()
    found = {name for record in records for name in record.metrics} | set(declared)
    quantities = [metric_quantity(name) for name in declared_first(declared, found)]
    expected = {record.explained for record in records}
    if task and asks_its_own(task, expected):
        expected |= {(entry.cell_type, name) for entry in task.targets for name in entry.outputs}
    by_method: dict[tuple[str, int], dict[TargetKey, list[Record]]] = {}
    for record in records:
        runs = by_method.setdefault((record.method, record.L), {})
        runs.setdefault(record.explained, []).append(record)
    for (method, size), runs in by_method.items():
        group = _Group(place, method, size, runs, frozenset(expected))
        rows = {one.name: list(_value_rows(group, one)) for one in (*quantities, *COSTS)}
        if AGREEMENT in rows:
            own, judged = (
                rows[one] if one in rows else list(_value_rows(group, metric_quantity(one)))
                for one in (REL_DELTA, OF_JUDGE)
            )
            rows[AGREEMENT] = list(_ratios(rows[AGREEMENT], own, judged))
        for of_one in rows.values():
            yield from of_one
        for count in COUNTS:
            yield from _count_rows(group, count)


def _value_rows(group: _Group, quantity: Quantity) -> Iterator[TidyRow]:
    """Yield the rows of one metric or cost: each target, each cell type, overall."""
    values = {
        target: [
            value
            for record in records
            if record.status == "ok" and (value := quantity.read(record)) is not None
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


def _ratios(
    rows: Iterable[TidyRow], own: Sequence[TidyRow], judged: Sequence[TidyRow]
) -> Iterator[TidyRow]:
    """Yield rows of the agreement with a judge, each the ratio of two means.

    A mean of ratios would be ruled by the runs whose own drop is next to nothing. It has no
    interval, and there is none where the two means are not over the same runs.
    """
    uneven = [
        (one.cell_type, one.target)
        for one, other in zip(own, judged, strict=True)
        if one.target != ALL and one.n != other.n
    ]
    for row, one, other in zip(rows, own, judged, strict=True):
        same_runs = not any(
            row.cell_type in (ALL, cell_type) and row.target in (ALL, target)
            for cell_type, target in uneven
        )
        share = followed(one.mean, other.mean) if same_runs else None
        if share is not None:
            status = one.status
        elif one.n and other.n:
            why = (
                "the prediction hardly falls" if same_runs else "the judge was asked of other runs"
            )
            status = f"no value: {why}"
        else:
            status = row.status
        mean = math.nan if share is None else share
        yield row._replace(mean=mean, low=math.nan, high=math.nan, n=one.n, status=status)


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
        counted = [record for record in records if record.status in COUNTS[count]]
        succeeded = sum(record.status == "ok" for record in records)
        names = ""
        if count == "runs-ok":
            status = value_status(succeeded, records)
            names = _most_chosen(counted, group.size) if place in group.runs else ""
        else:
            status = worst([reason_of(record) for record in counted])
        yield _empty_row(group, count, place)._replace(
            mean=float(len(counted)), n=succeeded, status=status, features=names
        )


def _most_chosen(records: Iterable[Record], size: int) -> str:
    """Names of the features that most of the runs of one target and method chose."""
    chosen = chosen_features([record for record in records if record.features])
    return "; ".join(one.feature for one in chosen[:size])


def _empty_row(group: _Group, metric: str, target: TargetKey) -> TidyRow:
    nothing = math.nan
    ids = " ".join(record.run_id for record in group.runs.get(target, ()))
    return TidyRow(
        *group.place, *target, group.method, group.size, metric, "runs", "none",
        nothing, nothing, nothing, 0, "", ids,
    )  # fmt: skip


def tidy_text(rows: Iterable[TidyRow]) -> str:
    """Return tidy rows as comma-separated values with 6 significant digits, sorted.

    Parameters
    ----------
    rows
        In any order.

    Examples
    --------
    >>> tidy_text([]).startswith("task,dataset,surrogate,")
    True
    """
    ordered = sorted(rows, key=lambda row: row.place)
    cells = [
        [_digits(cell) if isinstance(cell, float) else cell for cell in row] for row in ordered
    ]
    return csv_text([TidyRow._fields, *cells])


def _digits(value: float) -> str:
    """Return a number with 6 significant digits, and nothing for one that is missing."""
    # Adding zero turns a negative zero into a plain one.
    return "" if math.isnan(value) else f"{value + 0.0:.6g}"
