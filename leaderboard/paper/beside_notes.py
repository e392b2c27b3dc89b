"""Footnotes of the paper's tables beside ours: what is missing, and how to read the means."""

from __future__ import annotations

from collections.abc import Sequence

from ..numbers import format_metric
from ..study import OVERALL, Study
from .published import N_TARGETS, TARGETS, PaperTable

_AVERAGES = (
    'At L = 128 the paper\'s "Avg." is the mean over its 16 targets, not the mean of its rows; at '
    'L = 10 it is neither. Ours in "Avg." is the mean over targets, its interval over targets '
    'alone; "Mean of rows" has the mean of the rows on both sides, the paper\'s computed from them.'
)


def notes(
    study: Study,
    table: PaperTable,
    methods: Sequence[str],
    sizes: Sequence[int],
    metrics: Sequence[str],
) -> tuple[str, ...]:
    """Return the footnotes of one of the paper's tables beside ours.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate).
    table
        Number of the paper's table.
    methods, sizes, metrics
        What it shows.

    Examples
    --------
    >>> nothing = Study(("table1", "cortex", "mlp"), {}, None)
    >>> notes(nothing, 2, ["grids"], [10], ["avg-delta"])
    ('No values of grids.',)
    """
    absent = [
        method
        for method in methods
        if not any(study.covered(method, size, name) for size in sizes for name in metrics)
    ]
    found = [f"No values of {', '.join(absent)}."] if absent else []
    if table == 1:
        found.append(_AVERAGES)
    if table != 2 and len(absent) < len(methods):
        found += _missing_targets(study, methods, sizes, metrics)
    if table == 3:
        found += [note for size in sizes if (note := _chance(study, methods, size))]
    return tuple(found)


def _missing_targets(
    study: Study, methods: Sequence[str], sizes: Sequence[int], metrics: Sequence[str]
) -> list[str]:
    covered = {
        target
        for method in methods
        for size in sizes
        for name in metrics
        for target in study.covered(method, size, name)
    }
    papers = [(cell_type, gene) for cell_type, genes in TARGETS.items() for gene in genes]
    missing = [":".join(target) for target in papers if target not in covered]
    others = [":".join(target) for target in sorted(covered - set(papers))]
    found = []
    if missing:
        names = ", ".join(missing)
        found.append(f"{len(missing)} of the paper's {N_TARGETS} targets have no values: {names}.")
    if others:
        found.append(f"Ours hold targets that the paper does not have: {', '.join(others)}.")
    return found


def _chance(study: Study, methods: Sequence[str], size: int) -> str:
    """Return how often as many random peaks hit; the same for every method."""
    texts = []
    for metric, label in (("hit-ratio", "HR"), ("soft-hit-ratio", "SHR")):
        chances = [study.value(OVERALL, name, size, f"{metric}-chance") for name in methods]
        known = [chance for chance in chances if chance is not None]
        if known:
            texts.append(f"{label} {format_metric(metric, known[-1])}")
    return f"By chance, {size} random peaks: {', '.join(texts)}." if texts else ""
