"""The layout of the paper's Table 3: methods down, HR and SHR across, for every L."""

from __future__ import annotations

from xbench.metrics import arrow

from .notes import coverage_notes
from .numbers import format_metric
from .study import MARK, OVERALL, Study, best
from .table import Block, Cell, Table

METRICS = ("hit-ratio", "soft-hit-ratio")
CHANCE = ("hit-ratio-chance", "soft-hit-ratio-chance")


def table3(study: Study) -> Table | None:
    """Lay out tidy rows as the paper's Table 3, with the chance of random peaks as a last row.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate).

    Returns
    -------
    Table or None
        None where hit ratios were not recorded.
    """
    if not set(METRICS) <= set(study.metrics):
        return None
    pairs = [(size, metric) for size in study.sizes for metric in METRICS]
    columns = [_column(study, size, metric) for size, metric in pairs]
    rows = [(Cell(method), *cells) for method, *cells in zip(study.methods, *columns, strict=True)]
    rows.append((Cell("chance"), *(_chance(study, size, metric) for size, metric in pairs)))
    labels = [Cell(study.label(metric) + arrow(study.direction(metric))) for _, metric in pairs]
    sizes = [Cell(f"L = {size}", span=2) for size in study.sizes]
    return Table(
        f"{study.title} ({study.place[1]}, {study.place[2]}). Share of targets whose closest "
        "selected peak overlaps the gene body (HR) or lies within 10 Mb of it (SHR); chance is "
        "the exact probability for L random peaks. Laid out as the paper's Table 3.",
        ((Cell("Method"), *sizes), (Cell(""), *labels)),
        "l" + "r" * len(pairs),
        (Block("", tuple(rows)),),
        notes=coverage_notes(study, METRICS[0]),
    )


def _column(study: Study, size: int, metric: str) -> list[Cell]:
    incomplete = study.incomplete(size, metric)
    values = [study.value(OVERALL, method, size, metric) for method in study.methods]
    texts = [
        study.instead(OVERALL, method, size, metric)
        if value is None
        else format_metric(metric, value) + MARK * (method in incomplete)
        for method, value in zip(study.methods, values, strict=True)
    ]
    compared = [
        None if method in incomplete else value
        for method, value in zip(study.methods, values, strict=True)
    ]
    bold = best(texts, compared, study.direction(metric))
    return [Cell(text, bold=index in bold) for index, text in enumerate(texts)]


def _chance(study: Study, size: int, metric: str) -> Cell:
    name = CHANCE[METRICS.index(metric)]
    values = [study.value(OVERALL, method, size, name) for method in study.methods]
    known = [value for value in values if value is not None]
    return Cell(format_metric(name, known[0]) if known else "\N{EN DASH}")
