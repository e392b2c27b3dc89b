"""Pipelines side by side: explainers down, the surrogates they were asked of across."""

from collections.abc import Iterable, Sequence
from statistics import fmean

from xbench.analysis.trust import fit_warning
from xbench.metrics import arrow
from xbench.metrics.expression import followed
from xbench.utils.files import file_part

from ..formats import NOTHING, Block, Cell, Table
from ..statistics import of_method
from ..study import MARK, OVERALL, StudyRuns
from ..tidy import AGREEMENT, OF_JUDGE, REL_DELTA, declared_first
from .paper_layout import agreement_text, method_cells

LAYOUT = "pipelines"
WORSE = "‡"


def pipelines_tables(every: Sequence[StudyRuns]) -> dict[str, Table]:
    """Return a table for each task and dataset whose surrogates are to be compared.

    Parameters
    ----------
    every
        All studies; those count whose task has the layout ``"pipelines"``.

    Returns
    -------
    dict
        By the first part of a file's name.
    """
    together: dict[tuple[str, str], list[StudyRuns]] = {}
    for runs in every:
        if runs.study.task and runs.study.task.layout == LAYOUT:
            task, dataset, _ = runs.study.place
            together.setdefault((task, dataset), []).append(runs)
    return {
        "--".join(map(file_part, place)): _table(studies) for place, studies in together.items()
    }


def _table(studies: list[StudyRuns]) -> Table:
    """Lay out one task on one dataset; the studies differ in their surrogate."""
    first = studies[0].study
    metric = first.metrics[0]
    judged = AGREEMENT in first.metrics
    task = first.task
    names = {method for runs in studies for method in runs.study.methods}
    methods = declared_first(task.method_labels if task else [], names)
    heading = first.label_with_unit(metric) + arrow(first.direction(metric))
    per_surrogate = [f"{heading}, 95% interval", *(["agreement ↑"] if judged else [])]
    worse = [WORSE * _is_worse(runs) for runs in studies]
    surrogates = [
        Cell(runs.study.place[2] + mark, span=len(per_surrogate))
        for runs, mark in zip(studies, worse, strict=True)
    ]
    sizes = sorted({size for runs in studies for size in runs.study.sizes})
    blocks = [
        Block(str(size), tuple(_rows(studies, methods, size, metric, judged))) for size in sizes
    ]
    return Table(
        _caption(studies, metric, judged),
        (
            (Cell("Explainer"), *surrogates),
            (Cell(""), *map(Cell, per_surrogate * len(studies))),
        ),
        "l" + "r" * (len(per_surrogate) * len(studies)),
        tuple(blocks),
        notes=tuple(_notes(studies)),
    )


def _caption(studies: Sequence[StudyRuns], metric: str, judged: bool) -> str:
    study = studies[0].study
    text = (
        f"{study.title} ({study.place[1]}). {study.label_with_unit(metric)}: means over cell types "
        "of means over targets of means over repetitions; the best of a column is bold. A method "
        "that never asks the surrogate has the same subsets in every column."
    )
    if judged:
        text += (
            " Agreement is the mean drop in the judge over the mean drop in the explained "
            "surrogate, every target weighing the same: 1 where the judge falls as much."
        )
    return text


def _rows(
    studies: Sequence[StudyRuns], methods: Sequence[str], size: int, metric: str, judged: bool
) -> Iterable[tuple[Cell, ...]]:
    columns = [
        method_cells(runs.study, size, metric, OVERALL, methods=methods, interval=True)
        for runs in studies
    ]
    for number, method in enumerate(methods):
        cells = []
        for runs, column in zip(studies, columns, strict=True):
            cells.append(column[number])
            if judged:
                cells.append(Cell(_agreement(runs, method, size)))
        yield Cell(method), *cells


def _agreement(runs: StudyRuns, method: str, size: int) -> str:
    """Return mean drop in the judge over mean drop in the surrogate, over runs of both."""
    found = [runs.values(size, name) for name in (REL_DELTA, OF_JUDGE)]
    if not all(method in values for values in found):
        return NOTHING
    own, judged = (of_method(values, method) for values in found)
    runs_of_both = {
        target: both
        for target in own
        if (both := sorted(own[target].keys() & judged.get(target, {}).keys()))
    }
    if not runs_of_both:
        return NOTHING
    drop, judges = (
        fmean(fmean(values[target][one] for one in both) for target, both in runs_of_both.items())
        for values in (own, judged)
    )
    return agreement_text(followed(drop, judges))


def _is_worse(runs: StudyRuns) -> bool:
    return bool(runs.fit) and bool(fit_warning(runs.fit))


def _notes(studies: Sequence[StudyRuns]) -> Iterable[str]:
    for runs in studies:
        if _is_worse(runs):
            yield f"{WORSE} {runs.study.place[2]}: {fit_warning(runs.fit)}."
    partial = {
        f"{MARK} {method} on {runs.study.place[2]}: a mean over fewer targets than others have"
        for runs in studies
        for size in runs.study.sizes
        for method in runs.study.incomplete(size, runs.study.metrics[0])
    }
    yield from (f"{text}." for text in sorted(partial))
