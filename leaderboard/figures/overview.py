"""Every method at a glance: its mean in each cell type, and over all of them with its interval."""

from __future__ import annotations

from dataclasses import dataclass

from xbench.results.current import ALL

from ..statistics.bootstrap import Interval
from ..study import OVERALL, Study


@dataclass(frozen=True)
class OverviewRow:
    """One method at one L.

    Parameters
    ----------
    method
        Its label.
    overall
        Mean over the cell types, with its 95% interval; None without any value.
    by_cell_type
        Mean of each cell type that has a value.
    incomplete
        Cell types, and ``"*"`` for all of them, where other methods have values for more targets:
        those means do not compare.
    instead
        What became of the runs, where there is no value: ``"failed"``, ``"not run"``.
    """

    method: str
    overall: Interval | None
    by_cell_type: dict[str, float]
    incomplete: frozenset[str]
    instead: str


@dataclass(frozen=True)
class Overview:
    """Methods by L.

    Parameters
    ----------
    title, dataset
        Of the task; name of the dataset.
    metric, label, direction
        Name and heading of the metric, and which of its values are better.
    cell_types
        Those with a value, in the order of the task.
    by_size
        Rows for each L shown, ascending; methods in one order throughout: the best overall mean
        at the largest L first, means that do not compare after the others, then those without.
    """

    title: str
    dataset: str
    metric: str
    label: str
    direction: str
    cell_types: tuple[str, ...]
    by_size: dict[int, tuple[OverviewRow, ...]]


def overview(study: Study, metric: str = "rel-delta") -> Overview | None:
    """Read what the figure shows from the rows of a study.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate).
    metric
        Name of the metric.

    Returns
    -------
    Overview
        At the smallest and the largest L; None where the metric has no value at all.

    Examples
    --------
    >>> overview(Study(("table1", "cortex", "mlp"), {}, None)) is None
    True
    """
    having = [
        size
        for size in study.sizes
        if any(study.value(OVERALL, method, size, metric) is not None for method in study.methods)
    ]
    if not having:
        return None
    by_size = {
        size: {method: _row(study, method, size, metric) for method in study.methods}
        for size in dict.fromkeys((having[0], having[-1]))
    }
    sign = -1.0 if study.direction(metric) == "higher" else 1.0
    last = by_size[having[-1]]
    order = sorted(study.methods, key=lambda method: _rank(last[method], sign))
    shown = {
        name for rows in by_size.values() for row in rows.values() for name in row.by_cell_type
    }
    return Overview(
        study.title,
        study.place[1],
        metric,
        study.label_with_unit(metric),
        study.direction(metric),
        tuple(name for name in study.cell_types if name in shown),
        {size: tuple(rows[method] for method in order) for size, rows in by_size.items()},
    )


def _row(study: Study, method: str, size: int, metric: str) -> OverviewRow:
    row = study.row(OVERALL, method, size, metric)
    means = {
        name: value
        for name in study.cell_types
        if (value := study.value((name, ALL), method, size, metric)) is not None
    }
    return OverviewRow(
        method,
        None if row is None or row.mean != row.mean else Interval(row.mean, row.low, row.high),
        means,
        frozenset(name for name in (ALL, *means) if method in study.incomplete(size, metric, name)),
        study.instead(OVERALL, method, size, metric),
    )


def _rank(row: OverviewRow, sign: float) -> tuple[bool, bool, float]:
    mean = row.overall.mean if row.overall else 0.0
    return row.overall is None, ALL in row.incomplete, sign * mean
