"""How everything on the page looks: fonts, and one colour and shape for each cell type."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

# Okabe and Ito (2008), told apart with any colour vision; yellow is darkened to show on white.
PALETTE = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8A200", "#555555",
)  # fmt: skip
SHAPES = ("o", "^", "s", "D", "v")
# Letters of a cell type in a legend; the JSON has all of them.
LONGEST_NAME = 16
INK, FAINT = "#222222", "#BBBBBB"
# What a predictor is drawn as.
PREDICTOR_COLOURS = {
    "surrogate": "#0072B2",
    "type-training-mean": "#D55E00",
    "constant": "#555555",
}
SETTINGS: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.edgecolor": "#666666",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelcolor": INK,
    "text.color": INK,
    "text.usetex": False,
    "text.parse_math": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7,
    "legend.frameon": False,
    # Identifiers in an SVG come from this, not from chance: the same numbers give the same page.
    "svg.hashsalt": "xbench",
}


@dataclass(frozen=True)
class TypeStyle:
    """Colour and shape of a cell type, the same in every panel."""

    colour: str
    shape: str


def type_styles(
    names: Sequence[str] | np.ndarray, counts: Sequence[int] | np.ndarray
) -> dict[str, TypeStyle]:
    """Give each cell type its colour and shape, the largest types the plainest shape.

    Parameters
    ----------
    names, counts
        Cell types and how many cells each has.

    Returns
    -------
    dict
        In the order of the counts, largest first. Past 40 types the pairs begin again.

    Examples
    --------
    >>> list(type_styles(["Endo", "Astro"], [4, 89]))
    ['Astro', 'Endo']
    """
    order = sorted(range(len(names)), key=lambda row: (-counts[row], names[row]))
    return {
        str(names[row]): TypeStyle(
            PALETTE[place % len(PALETTE)], SHAPES[place // len(PALETTE) % len(SHAPES)]
        )
        for place, row in enumerate(order)
    }


@contextmanager
def drawn_alike() -> Iterator[None]:
    """Draw with the page's settings, leaving the caller's as they were.

    These alone are put back: where the first figure of a notebook is drawn in here, its backend
    is chosen meanwhile, and what that sets has to stay.
    """
    before = {name: mpl.rcParams[name] for name in SETTINGS}
    mpl.rcParams.update(SETTINGS)
    try:
        yield
    finally:
        mpl.rcParams.update(before)


def type_handles(
    styles: dict[str, TypeStyle], counts: dict[str, int] | None = None
) -> list[Line2D]:
    """Entries of a legend of cell types, with how many cells each has where `counts` are given."""
    handles = []
    for name, style in styles.items():
        label = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
        if counts is not None:
            label += f" ({counts[name]:,})"
        look = {"marker": style.shape, "mfc": style.colour, "mec": "white", "mew": 0.4}
        handles.append(Line2D([], [], ls="", ms=5, label=label, **look))  # type: ignore[arg-type]
    return handles


def square(axes: Axes, *values: np.ndarray) -> None:
    """Give both axes one range from 0 that holds all values, with the line of equality."""
    largest = max(float(np.nanmax(part, initial=0.0)) for part in values) or 1.0
    axes.set(xlim=(-0.04 * largest, 1.08 * largest), ylim=(-0.04 * largest, 1.08 * largest))
    axes.set_box_aspect(1)
    axes.plot([0, largest], [0, largest], color=FAINT, lw=0.8, zorder=0)
    ticks = [0.0, _round_tick(largest)]
    axes.set(xticks=ticks, yticks=ticks)


def _round_tick(largest: float) -> float:
    """The largest number of one digit that is not above it."""
    unit = 10.0 ** np.floor(np.log10(largest))
    return float(np.floor(largest / unit) * unit)


def number(value: float, digits: int = 3) -> str:
    """Write a number for people; a dash where it is undefined."""
    return f"{value:.{digits}f}".replace("-", "−") if np.isfinite(value) else "–"
