"""The overview: one row a pipeline, one column a task on a dataset at one L."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ..formats import format_cost, format_metric, with_range
from ..quantities import COSTS
from ..study import OVERALL, Study
from .contents import Site, SiteStudy
from .tier_ranks import tier_ranks
from .writer import SiteWriter

# Costs that a column can show instead of a metric.
_SHOWN_COSTS = tuple(cost.name for cost in COSTS if cost.name != "peak-memory")


def write_overview(site: Site, writer: SiteWriter) -> None:
    """Write ``index.html`` and its data.

    Parameters
    ----------
    site
        What is shown.
    writer
        Takes the files.
    """
    writer.data("overview", overview_data(site))
    warned = [entry for entry in site.studies if entry.warnings]
    writer.page("index.html", "overview.html", site=site, warned=warned)


class _Column(NamedTuple):
    task: str
    dataset: str
    L: int


def overview_data(site: Site) -> dict[str, Any]:
    """Return what the overview shows.

    Parameters
    ----------
    site
        What is shown.

    Returns
    -------
    dict
        ``columns`` (task, dataset, L, name of the primary metric), ``rows`` (surrogate, method,
        whether it is a control), ``metrics`` by name (label and direction), and ``cells`` by
        metric: a list of row, column, mean, ends of the interval, tier, the number as text, what
        else is to be said in words, and the study's address. A pipeline without a cell was not
        run.
    """
    together: dict[tuple[str, str], list[SiteStudy]] = {}
    for entry in site.studies:
        together.setdefault(entry.runs.study.place[:2], []).append(entry)
    columns = [
        _Column(*place, size)
        for place, entries in together.items()
        for size in sorted({size for entry in entries for size in entry.runs.study.sizes})
    ]
    rows = _pipelines(site.studies)
    row_of = {row: number for number, row in enumerate(rows)}
    metrics: dict[str, dict[str, str]] = {}
    cells: dict[str, list[list[Any]]] = {}
    for number, column in enumerate(columns):
        entries = together[column.task, column.dataset]
        for metric in _metrics_of(entries):
            first = entries[0].runs.study
            metrics.setdefault(
                metric,
                {"label": first.label_with_unit(metric), "direction": first.direction(metric)},
            )
            tiers = tier_ranks([entry.runs for entry in entries], column.L, metric)
            for entry in entries:
                surrogate = entry.runs.study.place[2]
                for method, cell in _cells(entry.runs.study, column.L, metric):
                    row = row_of[surrogate, method]
                    tier = tiers.get((surrogate, method))
                    cells.setdefault(metric, []).append(
                        [row, number, *cell[:3], tier, *cell[3:], entry.address]
                    )
    return {
        "columns": [
            {**column._asdict(), "primary": together[column[:2]][0].runs.study.metrics[0]}
            for column in columns
        ],
        "rows": [
            {"surrogate": surrogate, "method": method, "control": method in site.controls}
            for surrogate, method in rows
        ],
        "metrics": metrics,
        "cells": cells,
    }


def _pipelines(entries: Iterable[SiteStudy]) -> list[tuple[str, str]]:
    """Return (surrogate, method), methods in the order in which tasks declare them."""
    found = dict.fromkeys(
        (entry.runs.study.place[2], method)
        for entry in entries
        for method in entry.runs.study.methods
    )
    return sorted(found, key=lambda pipeline: pipeline[0])


def _metrics_of(entries: Sequence[SiteStudy]) -> list[str]:
    names = dict.fromkeys(name for entry in entries for name in entry.runs.study.metrics)
    return [*names, *_SHOWN_COSTS]


def _cells(study: Study, size: int, metric: str) -> Iterator[tuple[str, list[Any]]]:
    """Yield each method that was run with mean, low, high, the number as text, and words."""
    for method in study.methods:
        row = study.row(OVERALL, method, size, metric)
        if row is None:
            continue
        value = study.value(OVERALL, method, size, metric)
        text = ""
        if value is not None:
            is_cost = metric in _SHOWN_COSTS
            if is_cost:
                text = format_cost(value)
            else:
                text = with_range(format_metric(metric, value), metric, row.low, row.high)
        yield method, [value, row.low, row.high, text, words(study, method, size, metric)]


def words(study: Study, method: str, size: int, metric: str) -> str:
    """Say what is missing behind a mean; nothing where nothing is.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate).
    method, size, metric
        Which mean.

    Returns
    -------
    str
        ``"not run"``, ``"failed 3 of 80"``, ``"skipped 228 of 228"``, ``"6 of 16 targets"``, or
        several of them.

    Examples
    --------
    >>> words(Study(("table1", "cortex", "mlp"), {}, None), "grids", 10, "rel-delta")
    'not run'
    """
    row = study.row(OVERALL, method, size, metric)
    if row is None:
        return "not run"
    counts = {
        name: round(study.value(OVERALL, method, size, f"runs-{name}") or 0)
        for name in ("ok", "failed", "skipped")
    }
    total = sum(counts.values())
    said = [f"{name} {counts[name]} of {total}" for name in ("failed", "skipped") if counts[name]]
    if row.status.endswith(" targets"):
        said.append(row.status)
    if not said and row.status != "ok":
        said.append(row.status)
    return ", ".join(said)
