"""Every method at a glance: its mean in each cell type, and over all of them with its interval."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xbench.results.current import ALL

from ..formats import format_metric
from ..statistics import ConfidenceInterval
from ..study import MARK, OVERALL, Study
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class OverviewRow:
    """One method at one L.

    Parameters
    ----------
    method
        Its label.
    overall
        Mean over the cell types, with its 95% interval; None without any value.
    by_cell_type
        Mean of each cell type that has a value.
    incomplete
        Cell types, and ``"*"`` for all of them, where other methods have values for more targets:
        those means do not compare.
    instead
        What became of the runs, where there is no value: ``"failed"``, ``"not run"``.
    """

    method: str
    overall: ConfidenceInterval | None
    by_cell_type: dict[str, float]
    incomplete: frozenset[str]
    instead: str


@dataclass(frozen=True)
class Overview:
    """Methods by L.

    Parameters
    ----------
    title, dataset
        Of the task; name of the dataset.
    metric, label, direction
        Name and heading of the metric, and which of its values are better.
    cell_types
        Those with a value, in the order of the task.
    by_size
        Rows for each L shown, ascending; methods in one order throughout: the best overall mean
        at the largest L first, means that do not compare after the others, then those without.
    """

    title: str
    dataset: str
    metric: str
    label: str
    direction: str
    cell_types: tuple[str, ...]
    by_size: dict[int, tuple[OverviewRow, ...]]


def overview(study: Study, metric: str | None = None) -> Overview | None:
    """Read what the figure shows from the rows of a study.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate).
    metric
        Name of the metric; the task's primary one where None, Rel. Δ of a study without a task.

    Returns
    -------
    Overview
        At the smallest and the largest L; None where the metric has no value at all.

    Examples
    --------
    >>> overview(Study(("table1", "cortex", "mlp"), {}, None)) is None
    True
    """
    metric = metric or (study.task.primary_metric if study.task else "rel-delta")
    having = [
        size
        for size in study.sizes
        if any(study.value(OVERALL, method, size, metric) is not None for method in study.methods)
    ]
    if not having:
        return None
    by_size = {
        size: {method: _row(study, method, size, metric) for method in study.methods}
        for size in dict.fromkeys((having[0], having[-1]))
    }
    sign = -1.0 if study.direction(metric) == "higher" else 1.0
    last = by_size[having[-1]]
    order = sorted(study.methods, key=lambda method: _rank(last[method], sign))
    shown = {
        name for rows in by_size.values() for row in rows.values() for name in row.by_cell_type
    }
    return Overview(
        study.title,
        study.place[1],
        metric,
        study.label_with_unit(metric),
        study.direction(metric),
        tuple(name for name in study.cell_types if name in shown),
        {size: tuple(rows[method] for method in order) for size, rows in by_size.items()},
    )


def _row(study: Study, method: str, size: int, metric: str) -> OverviewRow:
    row = study.row(OVERALL, method, size, metric)
    means = {
        name: value
        for name in study.cell_types
        if (value := study.value((name, ALL), method, size, metric)) is not None
    }
    return OverviewRow(
        method,
        None
        if row is None or row.mean != row.mean
        else ConfidenceInterval(row.mean, row.low, row.high),
        means,
        frozenset(name for name in (ALL, *means) if method in study.incomplete(size, metric, name)),
        study.instead(OVERALL, method, size, metric),
    )


def _rank(row: OverviewRow, sign: float) -> tuple[bool, bool, float]:
    mean = row.overall.mean if row.overall else 0.0
    return row.overall is None, ALL in row.incomplete, sign * mean


_WIDTH, _ROW, _NUMBER = 2.55, 0.3, 0.66  # inches: a panel, a method, the number beside it
_ABOVE, _BELOW, _LEGEND_LINE = 0.78, 0.48, 0.19
_BETTER = {"lower": "\N{LEFTWARDS ARROW} better", "higher": "better \N{RIGHTWARDS ARROW}"}


def draw_overview(figure: "Figure", seen: Overview) -> None:
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
    >>> from xbench.leaderboard import ConfidenceInterval
    >>> interval = ConfidenceInterval(-21.0, -25.0, -17.0)
    >>> row = OverviewRow("grids", interval, {"VIP": -21.0}, frozenset(), "")
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
        f"{seen.dataset}: mean {seen.label} in each cell type, and over them",
    )
    for place, (size, of_size) in enumerate(seen.by_size.items()):
        axes = panel(figure, left + place * (_WIDTH + _NUMBER), _ABOVE, _WIDTH, height)
        _draw_panel(axes, seen, of_size)
        axes.set_title(f"L = {size}", loc="left", fontweight="bold", pad=5)
        axes.set_yticks(range(len(rows)), names if place == 0 else [""] * len(rows), fontsize=8)
    _draw_legend(figure, seen, legend, bottom)
    caption(figure, text)


def _draw_panel(axes: "Axes", seen: Overview, rows: tuple[OverviewRow, ...]) -> None:
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


def _draw_overall(axes: "Axes", row: OverviewRow, place: int) -> None:
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


def _draw_legend(figure: "Figure", seen: Overview, lines: list[list[str]], top: float) -> None:
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
