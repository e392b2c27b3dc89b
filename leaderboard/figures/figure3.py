"""The paper's Figure 3: the subsets of each cell type, masked in every cell type's cells."""

from collections import defaultdict
from collections.abc import Mapping
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from xbench.utils.text import plain

from ..paper import TARGETS, CrossEffects
from ..quantities import finite
from ..study import StudyRuns
from ..tidy import declared_first
from .canvas import SMALL, caption, caption_height, heading, panel, short, signed, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ANALYSIS = "figure3"


def cross_effects(runs: StudyRuns, method: str = "grids") -> CrossEffects | None:
    """Sum up what the subsets of each cell type do to the markers of every other.

    Parameters
    ----------
    runs
        Of one study; findings named ``"figure3"`` count.
    method
        Label of the method whose subsets were masked.

    Returns
    -------
    CrossEffects
        Entry (i, j) is the mean over the markers of cell type i of the mean over the runs of
        cell type j (its targets and repetitions) at the largest L: Rel. delta in %. Cell types
        as in the paper's Table 1, then the others by name; a marker that the data lack is in no
        mean. None where nothing was found.
    """
    # Of each marked type and gene: the changes, by the type that the subset was found in.
    changes: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(dict)
    for record, finding in runs.found_at_largest(ANALYSIS, method):
        for name, change in (finding.values.get("rel_delta") or {}).items():
            marked, _, gene = name.rpartition(":")
            value = finite(change)
            if value is not None:
                of_gene = changes[plain(marked)].setdefault(gene, {})
                of_gene.setdefault(record.cell_type, []).append(value)
    found_in = {
        name for genes in changes.values() for of_gene in genes.values() for name in of_gene
    }
    names = declared_first(TARGETS, {*changes, *found_in})
    if not names:
        return None
    rows = [[_entry(changes.get(row, {}), column) for column in names] for row in names]
    return CrossEffects(tuple(names), rows)


def _entry(of_genes: Mapping[str, Mapping[str, list[float]]], column: str) -> float | None:
    means = [fmean(of_gene[column]) for of_gene in of_genes.values() if column in of_gene]
    return fmean(means) if means else None


_RISE, _DROP, _MISSING = "#B34700", "#00508A", "#E4E4E4"
_CELL, _NARROWEST, _WIDEST = 0.62, 1.8, 12.0  # inches: a cell, the whole heat map


def shares_of_largest_drop(effects: CrossEffects) -> np.ndarray:
    """Divide each row by its largest drop.

    Parameters
    ----------
    effects
        As `cross_effects` returns them.

    Returns
    -------
    numpy.ndarray
        Shape (cell types, cell types): 1 for the largest drop of a row, 0 for no change, negative
        for a rise; NaN where there is no value, and in a row without any drop.

    Examples
    --------
    >>> shares_of_largest_drop(CrossEffects(("a", "b"), ((-8.0, -2.0), (1.0, -4.0)))).tolist()
    [[1.0, 0.25], [-0.25, 1.0]]
    """
    changes = np.array(effects.changes, dtype=float)
    largest = np.fmin.reduce(changes, axis=1, keepdims=True)
    return changes / np.where(largest < 0, largest, np.nan)


def draw_figure3(figure: "Figure", effects: CrossEffects, method: str, size: int) -> None:
    """Draw the heat map, the numbers in its cells.

    Parameters
    ----------
    figure
        Empty; it is given its size.
    effects
        As `cross_effects` returns them.
    method, size
        Label of the method and L, for the heading.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> draw_figure3(figure, CrossEffects(("a", "b"), ((-8.0, -2.0), (1.0, -4.0))), "grids", 10)
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['−8.0', '−2.0', '+1.0', '−4.0']
    """
    names = [short(name) for name in effects.cell_types]
    side = max(_NARROWEST, min(_CELL * len(names), _WIDEST))
    longest = max(text_width(name, 8) for name in names)
    tilted = longest > 0.9 * side / len(names)
    left, above = 0.55 + longest, 0.97 + (longest * 0.71 if tilted else 0.1)
    shares = shares_of_largest_drop(effects)
    text = _caption(shares)
    width = max(left + side + 1.15 + (longest * 0.71 if tilted else 0), 5.6)
    figure.set_size_inches(width, above + side + 0.1 + caption_height(text, width))
    heading(
        figure,
        "Whose subsets lower whose markers?",
        f"{short(method)}, L = {size}: Rel. Δ (%) of a cell type's markers in its own test cells",
    )
    axes = panel(figure, left, above, side, side)
    colours = _draw_cells(axes, effects, shares, side / len(names))
    places = np.arange(len(names)) + 0.5
    slope: dict[str, Any] = (
        {"rotation": 45, "ha": "left", "rotation_mode": "anchor"} if tilted else {}
    )
    axes.xaxis.tick_top()
    axes.set_xticks(places, names, fontsize=8, **slope)
    axes.set_yticks(places, names, fontsize=8)
    axes.tick_params(length=0, pad=4)
    axes.set_xlabel("masked: the subsets found for", labelpad=6)
    axes.xaxis.set_label_position("top")
    axes.set_ylabel("markers of", labelpad=6)
    axes.spines[:].set_visible(False)
    bar_height = min(side, 2.6)
    bar = figure.colorbar(colours, cax=panel(figure, left + side + 0.3, above, 0.13, bar_height))
    bar.outline.set_visible(False)
    bar.set_label("share of the row's largest drop", fontsize=SMALL)
    caption(figure, text)


def _draw_cells(axes: "Axes", effects: CrossEffects, shares: np.ndarray, cell: float) -> Any:
    """Draw the cells, and return what a colour bar needs to know."""
    from matplotlib.colors import LinearSegmentedColormap, Normalize
    from matplotlib.patches import Rectangle

    from xbench.utils.plotting import INK

    ends = LinearSegmentedColormap.from_list("drops", [_RISE, "#FFFFFF", _DROP], N=1024)
    tints = ends.with_extremes(bad=_MISSING)
    rises = bool((np.nan_to_num(shares) < 0).any())
    axes.pcolormesh(
        np.ma.masked_invalid(shares), cmap=tints, norm=Normalize(-1, 1), ec="white", lw=1
    )
    axes.set(xlim=(0, len(shares)), ylim=(len(shares), 0))
    largest = max(abs(one) for row in effects.changes for one in row if one is not None)
    for (row, column), share in np.ndenumerate(shares):
        value = effects.changes[row][column]
        axes.text(
            column + 0.5, row + 0.5,
            "\N{EN DASH}" if value is None else signed(value, 1 if largest >= 1 else 3),
            ha="center", va="center", fontsize=min(7.5, 15 * cell),
            fontweight="bold" if share == 1 else "normal",
            color="white" if abs(share) > 0.55 else INK,
        )  # fmt: skip
    for place in range(len(shares)):
        axes.add_patch(
            Rectangle((place, place), 1, 1, fill=False, ec=INK, lw=1.8, clip_on=False, zorder=3)
        )
    return _bar_colours(tints, rises)


def _bar_colours(tints: Any, rises: bool) -> Any:
    """Return the colours of the bar: those of rises only where there are any."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    low = -1 if rises else 0
    return ScalarMappable(
        Normalize(low, 1), ListedColormap(tints(np.linspace((low + 1) / 2, 1, 256)))
    )


def _caption(shares: np.ndarray) -> str:
    text = (
        "Numbers: Rel. Δ in %, lower is a larger drop; means over the row's markers of means "
        "over the column's runs (targets and repetitions). Colour: each row divided by its largest "
        "drop, so 1 is the largest drop of that row and 0 no change; the colours of two rows do "
        "not compare. Framed: a cell type's own subsets. Bold: the largest drop of the row."
    )
    if (np.nan_to_num(shares) < 0).any():
        text += " Brown: a rise (−1: as large as the row's largest drop, or larger)."
    if np.isnan(shares).any():
        text += " Grey: no value, or a row without any drop."
    return text
