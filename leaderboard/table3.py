"""The layout of the paper's Table 3: methods down, HR and SHR across, for every L."""

from __future__ import annotations

from xbench.metrics import arrow

from .formats.table import Block, Cell, Table
from .numbers import NOTHING, format_metric
from .study import OVERALL, Study
from .tables.notes import coverage_notes
from .tables.paper_layout import method_cells

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
    columns = [method_cells(study, size, metric, OVERALL) for size, metric in pairs]
    rows = [(Cell(method), *cells) for method, *cells in zip(study.methods, *columns, strict=True)]
    rows.append((Cell("chance"), *(_chance(study, size, metric) for size, metric in pairs)))
    labels = [Cell(study.label(metric) + arrow(study.direction(metric))) for _, metric in pairs]
    sizes = [Cell(f"L = {size}", span=2) for size in study.sizes]
    return Table(
        f"{study.title} ({study.where}). Share of targets whose closest "
        "selected peak overlaps the gene body (HR) or lies within 10 Mb of it (SHR); chance is "
        "the exact probability for L random peaks. Laid out as the paper's Table 3.",
        ((Cell("Method"), *sizes), (Cell(""), *labels)),
        "l" + "r" * len(pairs),
        (Block("", tuple(rows)),),
        notes=coverage_notes(study, METRICS[0]),
    )


def _chance(study: Study, size: int, metric: str) -> Cell:
    name = CHANCE[METRICS.index(metric)]
    values = [study.value(OVERALL, method, size, name) for method in study.methods]
    known = [value for value in values if value is not None]
    return Cell(format_metric(name, known[0]) if known else NOTHING)
