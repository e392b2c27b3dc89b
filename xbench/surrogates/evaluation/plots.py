"""The paper's Figure 2A: marker genes' means by cell type, observed and predicted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D

from xbench.surrogates.evaluation.agreement import PREDICTORS
from xbench.surrogates.evaluation.interpretations import PAPER_MEAN_R2
from xbench.surrogates.evaluation.measure import Marker, SurrogateReport
from xbench.utils.plotting import (
    FAINT,
    INK,
    PREDICTOR_COLOURS,
    TypeStyle,
    number,
    square,
    type_handles,
    type_styles,
)

FEWEST_COLUMNS, MOST_COLUMNS = 5, 7
MARGIN, BELOW = 0.65, 2.4


def _grid_shape(count: int) -> tuple[int, int]:
    rows = math.ceil(count / MOST_COLUMNS)
    return rows, max(FEWEST_COLUMNS, math.ceil(count / rows))


def _row_height(columns: int) -> float:
    return 10.2 / columns - 0.35 + MARGIN


def markers_height(count: int) -> float:
    """Inches that `draw_markers` needs for this many markers."""
    rows, columns = _grid_shape(count)
    return rows * _row_height(columns) + BELOW


def draw_markers(figure: FigureBase, report: SurrogateReport) -> None:
    """Draw one panel a marker gene, a point a cell type; then the R2 of each marker.

    Parameters
    ----------
    figure
        Empty; 11 inches wide, `markers_height` inches high.
    report
        With at least one marker.
    """
    rows, columns = _grid_shape(len(report.markers))
    height = rows * _row_height(columns)
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[height, BELOW]).flat
    grid = above.subplots(rows, columns, squeeze=False)
    above.subplots_adjust(
        left=0.06, right=0.97, top=1 - 0.25 / height, bottom=0.4 / height,
        wspace=0.3, hspace=MARGIN / (_row_height(columns) - MARGIN),
    )  # fmt: skip
    styles = type_styles(report.means.names, report.means.counts)
    panels = list(grid.flat)
    for axes, marker in zip(panels, report.markers, strict=False):
        _draw_marker(axes, report, marker, styles)
    for axes in panels[len(report.markers) :]:
        axes.set_visible(False)
    for row in grid:
        row[0].set_ylabel("predicted mean")
    for column in range(min(columns, len(report.markers))):
        lowest = (len(report.markers) - 1 - column) // columns
        grid[lowest, column].set_xlabel("observed mean", labelpad=1)
    left, right = below.subfigures(1, 2, squeeze=False, width_ratios=[6.6, 4.4]).flat
    _draw_squared(left.subplots(), report)
    left.subplots_adjust(left=0.1, right=0.98, top=0.86, bottom=0.22)
    _legend(right, styles, dict(zip(report.means.names, report.means.counts, strict=True)))


def _draw_marker(
    axes: Axes, report: SurrogateReport, marker: Marker, styles: dict[str, TypeStyle]
) -> None:
    means, column = report.means, marker.column
    observed, predicted = means.observed[:, column], means.predicted["surrogate"][:, column]
    square(axes, observed, predicted)
    for row, name in enumerate(means.names):
        style, counted = styles[str(name)], means.counted[row]
        at = observed[row], predicted[row]
        axes.plot(
            *at, ls="", marker=style.shape, ms=4.5, mfc=style.colour if counted else "white",
            mec="white" if counted else style.colour, mew=0.4 if counted else 0.9, clip_on=False,
        )  # fmt: skip
        if name in marker.own_types:
            axes.plot(*at, ls="", marker="o", ms=8, mfc="none", mec=INK, mew=0.9, clip_on=False)
    squared = report.agreements["surrogate"].type_squared_pearson[column]
    axes.set_title(f"{report.cells.genes.names[column]}   r² {number(squared, 2)}", pad=4)


def _draw_squared(axes: Axes, report: SurrogateReport) -> None:
    """Squared correlation of each marker, the surrogate's beside that of the type's mean."""
    columns = [marker.column for marker in report.markers]
    places = np.arange(len(columns))
    surrogate = report.agreements["surrogate"].type_squared_pearson[columns]
    baseline = report.agreements["type-training-mean"].type_squared_pearson[columns]
    for place, low, high in zip(places, surrogate, baseline, strict=True):
        axes.plot([place, place], [low, high], color=FAINT, lw=1, zorder=1)
    colours = PREDICTOR_COLOURS
    axes.plot(places, baseline, ls="", marker="D", ms=5, mfc="white", mew=1.3,
              mec=colours["type-training-mean"], label=PREDICTORS["type-training-mean"],
              clip_on=False)  # fmt: skip
    axes.plot(places, surrogate, ls="", marker="o", ms=6, mfc=colours["surrogate"],
              mec="white", mew=0.5, label=PREDICTORS["surrogate"], clip_on=False)  # fmt: skip
    axes.axhline(PAPER_MEAN_R2, color=INK, lw=0.8, ls=(0, (4, 3)), zorder=0,
                 label=f"paper's mean R², its own data: {PAPER_MEAN_R2}")  # fmt: skip
    axes.set(ylim=(0, 1), xlim=(-0.6, len(columns) - 0.4), ylabel="r² over cell types")
    axes.set_xticks(places, report.cells.genes.names[columns], rotation=30, ha="right",
                    rotation_mode="anchor")  # fmt: skip
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3, borderaxespad=0.1,
                handletextpad=0.3, columnspacing=1.2)  # fmt: skip


def _legend(figure: FigureBase, styles: dict[str, TypeStyle], counts: dict[str, int]) -> None:
    first = figure.legend(
        handles=type_handles(styles, counts), loc="upper left", bbox_to_anchor=(0.03, 1.0),
        ncols=3 if len(styles) > 8 else 2, title="cell type (test cells)", alignment="left",
        handletextpad=0.3,
    )  # fmt: skip
    first.get_title().set_fontweight("bold")
    figure.legend(
        handles=[
            _point("ringed: a type the gene marks", mfc="none", mec=INK, mew=0.9, ms=8),
            _point("hollow: too few test cells for r²", mfc="white", mec=INK, mew=0.9, ms=4.5),
            Line2D([], [], color=FAINT, lw=0.8, label="observed = predicted"),
        ],
        loc="lower left", bbox_to_anchor=(0.03, 0.05), handletextpad=0.6,
    )  # fmt: skip


def _point(label: str, **style: Any) -> Line2D:
    return Line2D([], [], ls="", marker="o", label=label, **style)
