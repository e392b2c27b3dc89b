"""How the drop of each method's subset grows feature by feature, and what one feature is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from xbench.results.findings import Finding

from ..quantities import finite
from ..statistics import TargetKey
from ..study import MARK, StudyRuns
from .canvas import FAINT_LINE, caption, caption_height, heading, panel, short, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ANALYSIS = "redundancy"


@dataclass(frozen=True)
class RedundancyCurve:
    """The curves of one method, means over its targets, in % of the unmasked mean loss.

    Parameters
    ----------
    method
        Its label.
    drops
        Drop of the mean loss with the first l features masked, for l = 0 to L; shape (L + 1,).
    left_out
        What is lost of the drop where one feature is not masked, most first; shape (L,).
    n_targets
        Number of targets behind it.
    ordered
        Whether its selections come best first.
    """

    method: str
    drops: np.ndarray
    left_out: np.ndarray
    n_targets: int
    ordered: bool


@dataclass(frozen=True)
class RedundancyCurves:
    """The curves of every method at the largest L.

    Parameters
    ----------
    size
        L.
    n_targets
        Number of targets that any method has a curve of; those with fewer do not compare.
    curves
        The largest drop first.
    """

    size: int
    n_targets: int
    curves: tuple[RedundancyCurve, ...]


def redundancy_curves(runs: StudyRuns) -> RedundancyCurves | None:
    """Average the redundancy of selections over targets, method by method.

    Parameters
    ----------
    runs
        Of one study; findings named ``"redundancy"`` count. One whose unmasked mean loss is not
        positive is passed over: nothing is relative to it.

    Returns
    -------
    RedundancyCurves
        Each target weighs the same, and in it each repetition; None where nothing was found.
    """
    # Of each method and target: drops and left-out losses of each repetition.
    found: dict[str, dict[TargetKey, list[tuple[np.ndarray, np.ndarray]]]] = {}
    unordered: set[str] = set()
    size = 0
    for record, finding in runs.found_at_largest(ANALYSIS):
        curves = _curves(finding, record.L)
        if curves is not None:
            size = record.L
            found.setdefault(record.method, {}).setdefault(record.explained, []).append(curves)
            if not record.ordered:
                unordered.add(record.method)
    if not found:
        return None
    means = [
        RedundancyCurve(
            method,
            drops=_mean_of_means([[drops for drops, _ in pairs] for pairs in targets.values()]),
            left_out=_mean_of_means([[lost for _, lost in pairs] for pairs in targets.values()]),
            n_targets=len(targets),
            ordered=method not in unordered,
        )
        for method, targets in found.items()
    ]
    means.sort(key=lambda curve: (-curve.drops[-1], curve.method))
    everything = {target for targets in found.values() for target in targets}
    return RedundancyCurves(size, len(everything), tuple(means))


def _curves(finding: Finding, size: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Return drops and sorted left-out losses in %; None where they cannot be had."""
    whole = finite(finding.values.get("mean_loss"))
    prefixes = [finite(value) for value in finding.values.get("prefixes") or ()]
    lost = [finite(entry.get("lost")) for entry in finding.values.get("left_out") or ()]
    if whole is None or whole <= 0 or None in prefixes + lost:
        return None
    if len(prefixes) != size or len(lost) != size:
        return None
    drops = np.array([0.0, *prefixes], dtype=float)
    return 100 * drops / whole, 100 * np.sort(np.array(lost, dtype=float))[::-1] / whole


def _mean_of_means(groups: list[list[np.ndarray]]) -> np.ndarray:
    return np.array(
        [fmean(column) for column in zip(*(np.mean(one, axis=0) for one in groups), strict=True)]
    )


_WIDTH, _HEIGHT, _LABEL = 2.9, 2.6, 0.155  # inches: a panel; from label to label
_LEFT, _ABOVE, _BELOW = 0.6, 0.85, 0.5
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))


def draw_redundancy_curves(figure: "Figure", redundancy: RedundancyCurves) -> None:
    """Draw the drop of the first l features, and beside it what each one alone is worth.

    Parameters
    ----------
    figure
        Empty; it is given its size.
    redundancy
        As `redundancy_curves` returns it.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> curve = RedundancyCurve("grids", np.array([0.0, 3.0, 5.0]), np.array([2.0, 1.0]), 16, True)
    >>> figure = Figure()
    >>> draw_redundancy_curves(figure, RedundancyCurves(2, 16, (curve,)))
    >>> figure.axes[0].texts[0].get_text()
    'grids'
    """
    names = [_name(curve, redundancy) for curve in redundancy.curves]
    gutter = 0.3 + max(text_width(name, 7.5) for name in names)
    height = max(_HEIGHT, _LABEL * len(names))
    width = _LEFT + _WIDTH + gutter + 0.65 + _WIDTH + 0.2
    text = _caption(redundancy)
    figure.set_size_inches(width, _ABOVE + height + _BELOW + caption_height(text, width))
    heading(
        figure,
        f"How much of the drop does each further feature bring? L = {redundancy.size}",
        f"mean over {_targets(redundancy.n_targets)}, in % of the mean predicted value of test "
        "cells before masking",
    )
    left = panel(figure, _LEFT, _ABOVE, _WIDTH, height)
    right = panel(figure, _LEFT + _WIDTH + gutter + 0.65, _ABOVE, _WIDTH, height)
    steps = np.arange(redundancy.size + 1)
    for place, curve in enumerate(redundancy.curves):
        look = _look(place)
        left.plot(steps, curve.drops, **look)
        right.plot(steps[1:], curve.left_out, **look)
    _finish(left, redundancy.size, "first l features masked", "drop D (%)")
    _finish(right, redundancy.size, "rank of the feature left out", "drop lost without it (%)")
    left.set_title("Masked one after the other", loc="left", fontweight="bold", pad=7)
    right.set_title("All masked but one (same lines)", loc="left", fontweight="bold", pad=7)
    _name_ends(left, [curve.drops[-1] for curve in redundancy.curves], names, height)
    caption(figure, text)


def _look(place: int) -> dict[str, Any]:
    """Colour and dashes of a method: neither alone has to be told apart."""
    from xbench.utils.plotting import PALETTE

    return {
        "color": PALETTE[place % len(PALETTE)],
        "ls": _DASHES[(place + place // len(PALETTE)) % len(_DASHES)],
        "lw": 1.5,
        "clip_on": False,
        "zorder": 3 + 1 / (place + 1),
    }


def _finish(axes: "Axes", size: int, below: str, beside: str) -> None:
    axes.axhline(0, color=FAINT_LINE, lw=0.8, zorder=1)
    axes.set(xlim=(0, size), xlabel=below, ylabel=beside)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0), max(high, 0))


def _name_ends(axes: "Axes", ends: Sequence[float], names: list[str], height: float) -> None:
    """Write each curve's name beside its end, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    inch = (high - low) / height
    places = spread([(end - low) / inch for end in ends], _LABEL, height)
    for index, (end, place, name) in enumerate(zip(ends, places, names, strict=True)):
        heights = [(end - low) / inch / height, place / height]
        colour = _look(index)["color"]
        axes.plot(
            [1.01, 1 + 0.2 / _WIDTH], heights, color=colour, lw=1, clip_on=False,
            transform=axes.transAxes,
        )  # fmt: skip
        axes.text(
            1 + 0.24 / _WIDTH, heights[1], name, va="center", fontsize=7.5,
            transform=axes.transAxes,
        )  # fmt: skip


def spread(wanted: Sequence[float], apart: float, height: float) -> list[float]:
    """Move places apart, no more than needed, in the same order.

    Parameters
    ----------
    wanted
        Where each would like to be, from 0 to `height`.
    apart
        Least distance between two.
    height
        Where the room ends; without room for all they stand `apart` and beyond it.

    Returns
    -------
    list of float
        A place for each.

    Examples
    --------
    >>> spread([1.0, 1.0, 5.0], apart=0.5, height=6.0)
    [1.25, 0.75, 5.0]
    """
    # Groups that touch are put around the mean of what they want: the least squares solution.
    order = sorted(range(len(wanted)), key=lambda index: (wanted[index], -index))
    groups: list[list[int]] = []
    for index in order:
        groups.append([index])
        while len(groups) > 1 and _start(groups[-1], wanted, apart, height) < (
            _start(groups[-2], wanted, apart, height) + apart * len(groups[-2])
        ):
            groups[-2:] = [groups[-2] + groups[-1]]
    places = [0.0] * len(wanted)
    for group in groups:
        start = _start(group, wanted, apart, height)
        for step, index in enumerate(group):
            places[index] = start + apart * step
    return places


def _start(group: list[int], wanted: Sequence[float], apart: float, height: float) -> float:
    """Return where the lowest of a group stands."""
    length = apart * (len(group) - 1)
    middle = sum(wanted[index] for index in group) / len(group)
    return max(0.0, min(middle - length / 2, height - length))


def _name(curve: RedundancyCurve, redundancy: RedundancyCurves) -> str:
    whole = curve.n_targets == redundancy.n_targets
    return short(curve.method) + (
        "" if whole else f"{MARK} ({curve.n_targets} of {redundancy.n_targets})"
    )


def _targets(count: int) -> str:
    return f"{count} target" + ("s" if count != 1 else "")


def _caption(redundancy: RedundancyCurves) -> str:
    text = (
        "Left: the features of a subset are masked one after the other, in the order in which the "
        "method names them. Right: all but one are masked; features sorted in each subset by what "
        "is then lost of its drop. Near 0: the others make up for the one left out."
    )
    unordered = [short(curve.method) for curve in redundancy.curves if not curve.ordered]
    if unordered:
        text += f" Without an order, so that one of many is shown left: {', '.join(unordered)}."
    if any(curve.n_targets != redundancy.n_targets for curve in redundancy.curves):
        text += f" {MARK}: a mean over so many targets only; it does not compare with the others."
    return text
