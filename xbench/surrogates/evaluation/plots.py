"""The drawings of a surrogate's report.

Figure 2A (marker genes' means by cell type), histograms over all genes, the map of the test cells
as in Figure 2B, and the validation loss of each stage of training.
"""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from xbench.surrogates.evaluation.agreement import PREDICTORS, spread
from xbench.surrogates.evaluation.measure import PAPER_MEAN_R2, Marker, SurrogateReport
from xbench.surrogates.evaluation.wording import MEASURES
from xbench.utils import plotting

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
    styles = plotting.type_styles(report.means.names, report.means.counts)
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
    axes: Axes, report: SurrogateReport, marker: Marker, styles: dict[str, plotting.TypeStyle]
) -> None:
    means, column = report.means, marker.column
    observed, predicted = means.observed[:, column], means.predicted["surrogate"][:, column]
    plotting.square(axes, observed, predicted)
    for row, name in enumerate(means.names):
        style, counted = styles[str(name)], means.counted[row]
        at = observed[row], predicted[row]
        axes.plot(
            *at, ls="", marker=style.shape, ms=4.5, mfc=style.colour if counted else "white",
            mec="white" if counted else style.colour, mew=0.4 if counted else 0.9, clip_on=False,
        )  # fmt: skip
        if name in marker.own_types:
            axes.plot(
                *at, ls="", marker="o", ms=8, mfc="none", mec=plotting.INK, mew=0.9, clip_on=False
            )
    squared = report.agreements["surrogate"].type_squared_pearson[column]
    axes.set_title(f"{report.cells.genes.names[column]}   r² {plotting.number(squared, 2)}", pad=4)


def _draw_squared(axes: Axes, report: SurrogateReport) -> None:
    """Squared correlation of each marker, the surrogate's beside that of the type's mean."""
    columns = [marker.column for marker in report.markers]
    places = np.arange(len(columns))
    surrogate = report.agreements["surrogate"].type_squared_pearson[columns]
    baseline = report.agreements["type-training-mean"].type_squared_pearson[columns]
    for place, low, high in zip(places, surrogate, baseline, strict=True):
        axes.plot([place, place], [low, high], color=plotting.FAINT, lw=1, zorder=1)
    colours = plotting.PREDICTOR_COLOURS
    axes.plot(places, baseline, ls="", marker="D", ms=5, mfc="white", mew=1.3,
              mec=colours["type-training-mean"], label=PREDICTORS["type-training-mean"],
              clip_on=False)  # fmt: skip
    axes.plot(places, surrogate, ls="", marker="o", ms=6, mfc=colours["surrogate"],
              mec="white", mew=0.5, label=PREDICTORS["surrogate"], clip_on=False)  # fmt: skip
    axes.axhline(PAPER_MEAN_R2, color=plotting.INK, lw=0.8, ls=(0, (4, 3)), zorder=0,
                 label=f"paper's mean R², its own data: {PAPER_MEAN_R2}")  # fmt: skip
    axes.set(ylim=(0, 1), xlim=(-0.6, len(columns) - 0.4), ylabel="r² over cell types")
    axes.set_xticks(places, report.cells.genes.names[columns], rotation=30, ha="right",
                    rotation_mode="anchor")  # fmt: skip
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3, borderaxespad=0.1,
                handletextpad=0.3, columnspacing=1.2)  # fmt: skip


def _legend(
    figure: FigureBase, styles: dict[str, plotting.TypeStyle], counts: dict[str, int]
) -> None:
    first = figure.legend(
        handles=plotting.type_handles(styles, counts), loc="upper left", bbox_to_anchor=(0.03, 1.0),
        ncols=3 if len(styles) > 8 else 2, title="cell type (test cells)", alignment="left",
        handletextpad=0.3,
    )  # fmt: skip
    first.get_title().set_fontweight("bold")
    ink = plotting.INK
    figure.legend(
        handles=[
            _point("ringed: a type the gene marks", mfc="none", mec=ink, mew=0.9, ms=8),
            _point("hollow: too few test cells for r²", mfc="white", mec=ink, mew=0.9, ms=4.5),
            Line2D([], [], color=plotting.FAINT, lw=0.8, label="observed = predicted"),
        ],
        loc="lower left", bbox_to_anchor=(0.03, 0.05), handletextpad=0.6,
    )  # fmt: skip


def _point(label: str, **style: Any) -> Line2D:
    return Line2D([], [], ls="", marker="o", label=label, **style)


# Field of `Agreement` -> range drawn; what lies below it is counted in the first bar.
LIMITS = {
    "type_squared_pearson": (0.0, 1.0),
    "type_determination": (-1.0, 1.0),
    "cell_pearson": (-0.25, 1.0),
}
BINS = 40


def draw_genes(figure: FigureBase, report: SurrogateReport) -> None:
    """Draw one histogram a measure; the baseline is a line, the surrogate is filled.

    Parameters
    ----------
    figure
        Empty; 11 inches wide, 2.8 inches high.
    report
        Of any number of genes.
    """
    panels = figure.subplots(1, len(LIMITS))
    figure.subplots_adjust(left=0.06, right=0.97, top=0.77, bottom=0.15, wspace=0.2)
    for axes, (field, limits) in zip(panels, LIMITS.items(), strict=True):
        for name in ("type-training-mean", "surrogate"):
            values = getattr(report.agreements[name], field)
            _draw_values(axes, values, limits, name)
        axes.set_title(MEASURES[field], loc="left", pad=34, fontweight="bold")
        axes.set(xlim=limits, ylim=(0, axes.get_ylim()[1]))
        axes.set_xlabel(_axis_label(field, report, limits), fontsize=7)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.legend(loc="lower left", bbox_to_anchor=(-0.015, 1.0), handlelength=1.2,
                    borderaxespad=0.2, reverse=True)  # fmt: skip
    panels[0].set_ylabel("genes")


def _draw_values(axes: Axes, values: np.ndarray, limits: tuple[float, float], name: str) -> None:
    defined = values[np.isfinite(values)]
    found, colour = spread(values), plotting.PREDICTOR_COLOURS[name]
    filled = name == "surrogate"
    label = f"{PREDICTORS[name]}: median {plotting.number(found.median)}"
    if found.undefined:
        label += f", undefined: {found.undefined:,}"
    axes.hist(
        np.clip(defined, *limits), bins=BINS, range=limits, label=label,
        histtype="stepfilled" if filled else "step", color=colour if filled else None,
        edgecolor="none" if filled else colour, alpha=0.55 if filled else 1.0, lw=1.2,
    )  # fmt: skip
    if limits[0] <= found.median <= limits[1]:
        axes.axvline(found.median, color=colour, lw=1, ls=(0, (4, 2)))


def _axis_label(field: str, report: SurrogateReport, limits: tuple[float, float]) -> str:
    values = getattr(report.agreements["surrogate"], field)
    below = int((values < limits[0]).sum())
    if not below:
        return ""
    genes = f"{below:,} gene{'' if below == 1 else 's'}"
    return f"first bar: the surrogate's {genes} below {plotting.number(limits[0], 2)} too"


# From the grey of no expression to dark: told apart with any colour vision, and in print.
COLOURS = LinearSegmentedColormap.from_list(
    "expression", ["#DDDDDD", "#9ECAE1", "#4292C6", "#08519C", "#041E42"]
)
# Cell types in a legend as high as the map; of more, each is written smaller.
MOST_LINES = 22


def draw_map(figure: FigureBase, report: SurrogateReport) -> None:
    """Draw cell types on the left; on the right observed above predicted, a gene a column.

    Parameters
    ----------
    figure
        Empty; 11 inches wide, 4.2 inches high.
    report
        With its map.
    """
    genes = report.map_genes
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[4.2, 6.8]).flat
    _draw_types(left, report)
    grid = right.subplots(2, len(genes), squeeze=False)
    for axes in grid.flat:
        axes.set_anchor("N")
    right.subplots_adjust(left=0.05, right=0.97, top=0.92, bottom=0.14, wspace=0.06, hspace=0.06)
    for column, gene in enumerate(genes):
        _draw_gene(right, grid[:, column], report, gene)
    for axes, word in zip(grid[:, 0], ("observed", "predicted"), strict=True):
        axes.set_ylabel(word)


def _draw_types(figure: FigureBase, report: SurrogateReport) -> None:
    styles = plotting.type_styles(report.means.names, report.means.counts)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.06, right=0.76, top=0.92, bottom=0.1)
    axes.set_anchor("NW")
    types = report.cells.cell_types[report.map.rows]
    size = _point_size(len(types))
    for name, style in styles.items():
        x, y = report.map.coordinates[types == name].T
        axes.scatter(x, y, s=1.6 * size, c=style.colour, marker=style.shape, lw=0, rasterized=True)
    _bare(axes)
    axes.set_title("cell type", loc="left")
    axes.set_xlabel(f"{report.map.projection} 1", loc="left", labelpad=2)
    axes.set_ylabel(f"{report.map.projection} 2", loc="bottom", labelpad=2)
    figure.legend(
        handles=plotting.type_handles(styles), loc="upper left", bbox_to_anchor=(0.785, 0.92),
        fontsize=min(7.0, 7.0 * MOST_LINES / len(styles)), labelspacing=0.4,
        handletextpad=0.2, borderaxespad=0,
    )  # fmt: skip


def _draw_gene(figure: FigureBase, pair: np.ndarray, report: SurrogateReport, gene: int) -> None:
    rows = report.map.rows
    observed, predicted = report.cells.observed[rows, gene], report.cells.predicted[rows, gene]
    top = _top(observed, predicted)
    for axes, values in zip(pair, (observed, predicted), strict=True):
        order = np.argsort(values, kind="stable")  # the highest on top
        x, y = report.map.coordinates[order].T
        drawn = axes.scatter(
            x, y, s=_point_size(len(x)), c=values[order], cmap=COLOURS, norm=Normalize(0, top),
            lw=0, rasterized=True,
        )  # fmt: skip
        _bare(axes)
    correlation = report.agreements["surrogate"].cell_pearson[gene]
    name = report.cells.genes.names[gene]
    pair[0].set_title(f"{name}   r² {plotting.number(correlation**2, 3)}")
    place = pair[1].get_position()
    bar = figure.add_axes((place.x0 + 0.15 * place.width, 0.085, 0.7 * place.width, 0.018))
    colours = figure.colorbar(drawn, cax=bar, orientation="horizontal")
    colours.outline.set_visible(False)
    bar.tick_params(length=2, pad=1)
    bar.set_xticks([0, top], ["0", f"{top:.2g}"])


def _top(observed: np.ndarray, predicted: np.ndarray) -> float:
    """One scale for both, up to what 1% of the values above 0 exceed."""
    values = np.concatenate([observed, predicted])
    positive = values[values > 0]
    return float(np.quantile(positive, 0.99)) if len(positive) else 1.0


def _point_size(count: int) -> float:
    return float(np.clip(6000 / max(count, 1), 1.5, 14))


def _bare(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    axes.set_box_aspect(1)
    for spine in axes.spines.values():
        spine.set_visible(False)


def draw_training(figure: FigureBase, report: SurrogateReport) -> None:
    """Draw one curve a stage, with its best step.

    Parameters
    ----------
    figure
        Empty; 11 inches wide, 2.2 inches high.
    report
        Of a surrogate that was trained in stages.
    """
    stages = list(report.subject.stages.values())
    panels = figure.subplots(1, len(stages), squeeze=False)[0]
    figure.subplots_adjust(left=0.06, right=0.97, top=0.86, bottom=0.22, wspace=0.2)
    for axes, stage in zip(panels, stages, strict=True):
        steps, losses = zip(*stage["curve"], strict=True)
        axes.plot(
            steps, losses, color=plotting.PREDICTOR_COLOURS["surrogate"], lw=1.2, marker="o", ms=2.5
        )
        best = (stage["best_step"], stage["best_validation"])
        axes.plot(*best, ls="", marker="o", ms=7, mfc="none", mec=plotting.INK, mew=1.1)
        axes.set_title(f"{stage['name']}: best at step {best[0]:,}, loss {best[1]:.4g}", loc="left")
        axes.set_xlabel("step", labelpad=1)
        axes.margins(y=0.12)
    panels[0].set_ylabel("validation loss")
