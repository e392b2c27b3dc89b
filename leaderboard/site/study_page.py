"""The page of a study: tables of the leaderboard, and charts that are drawn in the browser."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from xbench.results.record import Record

from ..figures.figure3 import cross_effects, shares_of_largest_drop
from ..figures.redundancy_curves import redundancy_curves
from ..formats import Table, format_metric, with_range
from ..page import failures
from ..quantities import reason_of
from ..statistics import Offer, ascending, pareto_front
from ..study import OVERALL, Study, StudyRuns
from ..tables import tables_of
from ..tidy import AGREEMENT
from .contents import Site, SiteStudy
from .critical_difference import MeanRanks, mean_ranks
from .tier_ranks import tier_ranks
from .writer import SiteWriter

COSTS = {"seconds": "seconds a run", "evaluations": "evaluations of the model, in cells"}


class RankDiagram(NamedTuple):
    """Mean ranks at one L."""

    size: int
    ranks: MeanRanks


def write_studies(site: Site, writer: SiteWriter) -> None:
    """Write a page for each study, and what its charts show.

    Parameters
    ----------
    site
        What is shown.
    writer
        Takes the files.
    """
    every = [entry.runs for entry in site.studies]
    for entry in site.studies:
        study = entry.runs.study
        shown, more = tables_of(entry.runs, every)
        data = study_data(entry, site.controls)
        writer.data(f"study/{entry.slug}", data)
        writer.page(
            entry.address,
            "study.html",
            entry=entry,
            study=study,
            shown=shown,
            more={name: (_heading(table), table) for name, table in more.items()},
            diagrams=list(_diagrams(entry.runs)),
            metric=study.label_with_unit(study.metrics[0]),
            direction=study.direction(study.metrics[0]),
            figure3=data["figure3"],
            redundancy=data["redundancy"],
            reasons=failures(study),
            without_result=[_listed(record) for record in entry.without_result],
            left_out=site.left_out.get(study.place[:2], 0),
        )


def _heading(table: Table) -> str:
    return table.caption.split(":")[0].split(". ")[0]


def _listed(record: Record) -> dict[str, Any]:
    return {
        "id": record.run_id,
        "text": f"{record.method}, L = {record.L}, {':'.join(record.explained)}, "
        f"repetition {record.repetition}",
        "reason": reason_of(record),
    }


def _diagrams(runs: StudyRuns) -> Iterable[RankDiagram]:
    metric = runs.study.metrics[0]
    direction = runs.study.direction(metric)
    if direction == "none":
        return
    for size in runs.study.sizes:
        ranks = mean_ranks(runs.values(size, metric), direction)
        if ranks is not None:
            yield RankDiagram(size, ranks)


def study_data(entry: SiteStudy, controls: frozenset[str]) -> dict[str, Any]:
    """Return what the charts of a study show.

    Parameters
    ----------
    entry
        The study.
    controls
        Labels of methods that are controls.

    Returns
    -------
    dict
        ``sizes``, ``methods``, ``controls``; ``targets`` as [cell type, name, address];
        ``metrics`` as [name, label, direction]; ``map``: by metric and L, a row of means over
        repetitions for each method; ``quality``: by metric and L what `quality` returns;
        ``figure3`` and ``redundancy``, None where there is no such finding.
    """
    study = entry.runs.study
    # A judge's agreement is a ratio of means: it has no interval, and nothing is tested by it.
    ranked = [
        name for name in study.metrics if study.direction(name) != "none" and name != AGREEMENT
    ]
    return {
        "sizes": study.sizes,
        "methods": study.methods,
        "controls": [name for name in study.methods if name in controls],
        "targets": [[*target, entry.target_address(target)] for target in study.targets],
        "metrics": [[name, study.label_with_unit(name), study.direction(name)] for name in ranked],
        "map": {
            name: {str(size): _means(study, size, name) for size in study.sizes} for name in ranked
        },
        "quality": {
            name: {str(size): quality(entry.runs, size, name) for size in study.sizes}
            for name in ranked
        },
        "figure3": _figure3(entry.runs),
        "redundancy": _redundancy(entry.runs),
    }


def _means(study: Study, size: int, metric: str) -> list[list[float | None]]:
    return [
        [study.value(target, method, size, metric) for target in study.targets]
        for method in study.methods
    ]


def quality(runs: StudyRuns, size: int, metric: str) -> list[dict[str, Any]]:
    """Return each method's value and what it costs, with the costs in which nothing beats it.

    Parameters
    ----------
    runs
        Of one study.
    size, metric
        L, and the name of a metric.

    Returns
    -------
    list of dict
        ``method``, ``mean``, ``low``, ``high``, ``text``, ``tier``, ``seconds``, ``evaluations``
        and ``front``, the names of the costs for which it is on the Pareto front. Methods whose
        mean is over fewer targets than others' are ``partial`` and on no front; those without a
        value are left out.
    """
    study = runs.study
    tiers = tier_ranks([runs], size, metric)
    incomplete = study.incomplete(size, metric)
    sign = ascending(study.direction(metric))
    found: dict[str, dict[str, Any]] = {}
    for method in study.methods:
        row = study.row(OVERALL, method, size, metric)
        value = study.value(OVERALL, method, size, metric)
        if row is None or value is None:
            continue
        found[method] = {
            "method": method,
            "mean": value,
            "low": row.low,
            "high": row.high,
            "text": with_range(format_metric(metric, value), metric, row.low, row.high),
            "tier": tiers.get((study.place[2], method)),
            "partial": method in incomplete,
            **{cost: study.cost(method, size, cost) for cost in COSTS},
        }
    fronts = {cost: _front(found, cost, sign) for cost in COSTS}
    return [
        {**one, "front": [cost for cost in COSTS if method in fronts[cost]]}
        for method, one in found.items()
    ]


def _front(found: dict[str, dict[str, Any]], cost: str, sign: float) -> Sequence[str]:
    return pareto_front(
        {
            method: Offer(one[cost], sign * one["mean"])
            for method, one in found.items()
            if one[cost] is not None and not one["partial"]
        }
    )


def _figure3(runs: StudyRuns) -> dict[str, Any] | None:
    effects = cross_effects(runs)
    if effects is None:
        return None
    return {
        "cell_types": effects.cell_types,
        "changes": effects.changes,
        "shares": shares_of_largest_drop(effects).tolist(),
    }


def _redundancy(runs: StudyRuns) -> dict[str, Any] | None:
    found = redundancy_curves(runs)
    if found is None:
        return None
    return {
        "size": found.size,
        "targets": found.n_targets,
        "curves": [
            {
                "method": curve.method,
                "drops": curve.drops.tolist(),
                "left_out": curve.left_out.tolist(),
                "targets": curve.n_targets,
                "ordered": curve.ordered,
            }
            for curve in found.curves
        ],
    }
