"""A dot plot of methods: a dot a cell type, a bar for the mean and its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from xbench.results.current import ALL

from ..numbers import format_metric
from ..study import MARK
from .canvas import (
    FAINT_LINE,
    GREY,
    SMALL,
    caption,
    caption_height,
    heading,
    panel,
    short,
    text_width,
)
from .overview import Overview, OverviewRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _ROW, _NUMBER = 2.55, 0.3, 0.66  # inches: a panel, a method, the number beside it
_ABOVE, _BELOW, _LEGEND_LINE = 0.78, 0.48, 0.19
_BETTER = {"lower": "\N{LEFTWARDS ARROW} better", "higher": "better \N{RIGHTWARDS ARROW}"}


def draw_overview(figure: Figure, seen: Overview) -> None:
    """Draw a panel for each L, a row a method.

    Parameters
    ----------
    figure
        Empty; it is given its size.
    seen
        As `overview` returns it.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from xbench.leaderboard import Interval
    >>> row = OverviewRow("grids", Interval(-21.0, -25.0, -17.0), {"VIP": -21.0}, frozenset(), "")
    >>> figure = Figure()
    >>> seen = Overview(
    ...     "Toy", "cortex", "rel-delta", "Rel. Δ(%)", "lower", ("VIP",), {128: (row,)}
    ... )
    >>> draw_overview(figure, seen)
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['−21.000']
    """
    rows = next(iter(seen.by_size.values()))
    names = [short(row.method) for row in rows]
    left, height = 0.3 + max(text_width(name, 8) for name in names), _ROW * len(rows)
    width = max(left + len(seen.by_size) * (_WIDTH + _NUMBER) + 0.1, 5.0)
    text, legend = _caption(seen), _legend_lines(seen, width)
    bottom = _ABOVE + height + _BELOW
    figure.set_size_inches(width, bottom + _LEGEND_LINE * len(legend) + caption_height(text, width))
    heading(
        figure,
        seen.title,
        f"{short(seen.dataset)}: mean {seen.label} in each cell type, and over them",
    )
    for place, (size, of_size) in enumerate(seen.by_size.items()):
        axes = panel(figure, left + place * (_WIDTH + _NUMBER), _ABOVE, _WIDTH, height)
        _draw_panel(axes, seen, of_size)
        axes.set_title(f"L = {size}", loc="left", fontweight="bold", pad=5)
        axes.set_yticks(range(len(rows)), names if place == 0 else [""] * len(rows), fontsize=8)
    _draw_legend(figure, seen, legend, bottom)
    caption(figure, text)


def _draw_panel(axes: Axes, seen: Overview, rows: tuple[OverviewRow, ...]) -> None:
    from xbench.utils.plotting import INK

    axes.axvline(0, color=FAINT_LINE, lw=0.8, zorder=1)
    axes.set(ylim=(len(rows) - 0.5, -0.5))
    axes.set_xlabel("   ".join(filter(None, (seen.label, _BETTER.get(seen.direction)))))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    styles = _styles(seen)
    for place, row in enumerate(rows):
        if place % 2 == 0:
            axes.axhspan(place - 0.5, place + 0.5, color="#F4F4F4", lw=0, zorder=0)
        for name, value in row.by_cell_type.items():
            colour = styles[name].colour
            hollow = name in row.incomplete
            axes.plot(
                value, place + _level(seen, name), ls="", marker=styles[name].shape, ms=5,
                mec=colour, mfc="white" if hollow else colour, mew=1.0, clip_on=False, zorder=3,
            )  # fmt: skip
        _draw_overall(axes, row, place)
        beside: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center"}
        if row.overall is None:
            axes.text(
                0.02, place, row.instead, color=GREY, fontstyle="italic", fontsize=7.5, **beside
            )
        else:
            text = format_metric(seen.metric, row.overall.mean).replace("-", "\N{MINUS SIGN}")
            mark = MARK if ALL in row.incomplete else ""
            axes.text(1.03, place, text + mark, color=INK, fontsize=7.5, **beside)


def _level(seen: Overview, cell_type: str) -> float:
    """Return how far from the middle of its row a dot stands, so that none hides another."""
    steps = max(len(seen.cell_types) - 1, 1)
    return -0.36 + 0.36 * seen.cell_types.index(cell_type) / steps


def _draw_overall(axes: Axes, row: OverviewRow, place: int) -> None:
    """Draw mean and interval, below the dots of the row."""
    from xbench.utils.plotting import INK

    if row.overall is None:
        return
    mean, low, high = row.overall
    look: dict[str, Any] = {"color": INK, "clip_on": False, "zorder": 4}
    if not math.isnan(low):
        axes.plot([low, high], [place + 0.3] * 2, lw=1.4, solid_capstyle="butt", **look)
    colour = "white" if ALL in row.incomplete else INK
    axes.plot(mean, place + 0.3, marker="d", ms=5.5, mfc=colour, mec=INK, mew=0.9, **look)


def _styles(seen: Overview) -> dict[str, Any]:
    from xbench.utils.plotting import type_styles

    return type_styles(seen.cell_types, [1] * len(seen.cell_types))


def _legend_lines(seen: Overview, width: float) -> list[list[str]]:
    """Return the cell types, as many in a line as there is room for."""
    lines: list[list[str]] = [[]]
    used = 0.0
    for name in seen.cell_types:
        needed = 0.3 + text_width(short(name), SMALL)
        if used + needed > width - 0.3 and lines[-1]:
            lines.append([])
            used = 0.0
        lines[-1].append(name)
        used += needed
    return lines


def _draw_legend(figure: Figure, seen: Overview, lines: list[list[str]], top: float) -> None:
    """Write which dot is which cell type, in lines below the panels."""
    from matplotlib.lines import Line2D

    across, down = figure.get_size_inches()
    styles = _styles(seen)
    for step, line in enumerate(lines):
        x, y = 0.2, 1 - (top + _LEGEND_LINE * (step + 0.5)) / down
        for name in line:
            look = styles[name]
            figure.add_artist(
                Line2D([x / across], [y], ls="", marker=look.shape, ms=5, color=look.colour)
            )
            figure.text((x + 0.1) / across, y, short(name), va="center", fontsize=SMALL)
            x += 0.3 + text_width(short(name), SMALL)


def _caption(seen: Overview) -> str:
    rows = [row for of_size in seen.by_size.values() for row in of_size]
    text = (
        "Dots: mean over a cell type's targets. Diamond, line and number: mean over the cell types "
        "with its 95% interval, drawing cell types, targets and repetitions anew."
    )
    if any(row.incomplete for row in rows):
        text += f" Hollow and {MARK}: over fewer targets than others have, does not compare."
    return text
