"""Tiers of pipelines, by the rule of the leaderboard: what differs only by noise shares one."""

from collections.abc import Iterable, Mapping, Sequence

from ..statistics import MethodValues, rank_in_tiers
from ..study import StudyRuns
from ..tables.pipelines import LAYOUT

Pipeline = tuple[str, str]
"""Surrogate and explainer."""


def tier_ranks(studies: Sequence[StudyRuns], size: int, metric: str) -> dict[Pipeline, int]:
    """Return the tier of each pipeline at one L, 1 for the best.

    Tiers are those of `xbench.leaderboard.statistics.rank_in_tiers` within one surrogate, since a
    drop in one model's output says nothing about another's. Where the task is scored by what is
    known apart from the surrogates (its layout is ``"pipelines"``), all are ranked together.

    Parameters
    ----------
    studies
        Of one task and dataset; they differ in their surrogate.
    size
        L.
    metric
        Name of a metric; nothing is ranked by one without a better direction.

    Examples
    --------
    >>> tier_ranks([], 10, "rel-delta")
    {}
    """
    found: dict[Pipeline, int] = {}
    for together in _comparable(studies):
        values: dict[Pipeline, Mapping] = {}
        directions = set()
        for runs in together:
            directions.add(runs.study.direction(metric))
            for method, of_method in runs.values(size, metric).items():
                values[runs.study.place[2], method] = of_method
        if values and len(directions) == 1 and directions <= {"lower", "higher"}:
            found |= _ranks(values, directions.pop())
    return found


def _comparable(studies: Sequence[StudyRuns]) -> Iterable[Sequence[StudyRuns]]:
    task = studies[0].study.task if studies else None
    return [studies] if task and task.layout == LAYOUT else [[runs] for runs in studies]


def _ranks(values: Mapping[Pipeline, Mapping], direction: str) -> dict[Pipeline, int]:
    # The statistics know methods by one name; ties are broken by it.
    names = {f"{method} on {surrogate}": (surrogate, method) for surrogate, method in values}
    named: MethodValues = {name: values[pipeline] for name, pipeline in names.items()}
    tiers = rank_in_tiers(named, direction).tiers
    return {names[name]: tier.rank for tier in tiers for name in tier.methods}
