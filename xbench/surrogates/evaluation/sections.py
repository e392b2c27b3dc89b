"""The parts of the page, in order: each a heading, a caption and a drawing."""

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import FigureBase

from xbench.surrogates.evaluation import wording
from xbench.surrogates.evaluation.measure import SurrogateReport
from xbench.surrogates.evaluation.plots import (
    draw_genes,
    draw_map,
    draw_markers,
    draw_training,
    markers_height,
)

WIDTH = 11.0


@dataclass(frozen=True)
class ReportSection:
    """One part of the page.

    Parameters
    ----------
    heading, caption
        Plain text, nothing escaped.
    table
        Rows, the first of headings; empty where there is none.
    height
        Of the drawing, inches; it is `WIDTH` wide.
    draw
        Draws into an empty figure; None where there is nothing to draw.
    """

    heading: str
    caption: str
    table: list[list[str]]
    height: float
    draw: Callable[[FigureBase, SurrogateReport], None] | None


def sections(report: SurrogateReport) -> list[ReportSection]:
    """Return the parts that this report has."""
    markers = len(report.markers)
    return [
        ReportSection(
            "Marker genes by cell type",
            wording.marker_caption(report),
            wording.mean_r2_table(report),
            markers_height(markers) if markers else 0,
            draw_markers if markers else None,
        ),
        ReportSection(
            "All genes", wording.gene_caption(report), wording.gene_table(report), 2.8, draw_genes
        ),
        ReportSection("Map of the test cells", wording.map_caption(report), [], 4.2, draw_map),
        ReportSection(
            "Training",
            wording.training_caption(report),
            [],
            2.2,
            draw_training if report.subject.stages else None,
        ),
    ]
