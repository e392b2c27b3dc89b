"""The map of the test cells: by type, and by expression of a few genes as in Figure 2B."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import FigureBase

from xbench.surrogates.evaluation.measure import SurrogateReport
from xbench.utils.plotting import number, type_handles, type_styles

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
    styles = type_styles(report.means.names, report.means.counts)
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
        handles=type_handles(styles), loc="upper left", bbox_to_anchor=(0.785, 0.92),
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
    pair[0].set_title(f"{name}   r² {number(correlation**2, 3)}")
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
