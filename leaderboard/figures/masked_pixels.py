"""Which pixels each method masks, over the mean image of the digits that it explains."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from xbench.results.record import Record

from ..quantities import finite
from .canvas import GREY, SMALL, caption, caption_height, fitted, heading, panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

DATASET, OWN, CONTRAST = "mnist-binary", "8", "3"
SIDE = 28
_BEFORE, _AFTER = "own-class-share-before", "own-class-share-after"


@dataclass(frozen=True)
class MethodPixels:
    """The pixels of one method.

    Parameters
    ----------
    method
        Its label.
    shares
        Share of its repetitions that mask each pixel, from 0 to 1, shape (28, 28).
    repetitions
        Number of them.
    after
        Share of test 8s still predicted as 8 after masking, in %, mean over repetitions; None
        where it was not measured.
    """

    method: str
    shares: np.ndarray
    repetitions: int
    after: float | None


@dataclass(frozen=True)
class MaskedPixels:
    """The pixels of every method, at the largest L.

    Parameters
    ----------
    size
        L.
    before
        Share of test 8s predicted as 8 before masking, in %; None where it was not measured.
    methods
        Those with a successful run: who leaves the fewest 8s first.
    """

    size: int
    before: float | None
    methods: tuple[MethodPixels, ...]


def masked_pixels(records: Iterable[Record]) -> MaskedPixels | None:
    """Count how often each method masks each pixel when it turns 8s into 3s.

    Parameters
    ----------
    records
        Records of runs of one (task, dataset, surrogate); runs on other data and other digits are
        passed over.

    Returns
    -------
    MaskedPixels
        None where no run of an 8 towards a 3 was successful.
    """
    runs = [
        record
        for record in records
        if record.status == "ok"
        and (record.dataset, record.cell_type, record.target) == (DATASET, OWN, CONTRAST)
    ]
    size = max((run.L for run in runs), default=0)
    runs = [run for run in runs if size == run.L]
    if not runs:
        return None
    names = sorted({run.method for run in runs})
    methods = [_of_method(name, [run for run in runs if run.method == name]) for name in names]
    methods.sort(key=lambda one: (one.after is None, one.after, one.method))
    return MaskedPixels(size, _mean(runs, _BEFORE), tuple(methods))


def _of_method(name: str, runs: list[Record]) -> MethodPixels:
    counts = np.zeros(SIDE * SIDE)
    for run in runs:
        counts[np.asarray(run.indices, dtype=np.int64)] += 1
    shares = (counts / len(runs)).reshape(SIDE, SIDE)
    return MethodPixels(name, shares, len(runs), _mean(runs, _AFTER))


def _mean(runs: list[Record], metric: str) -> float | None:
    values = [value for run in runs if (value := finite(run.metrics.get(metric))) is not None]
    return fmean(values) if values else None


def mean_eight(digest: str) -> np.ndarray | None:
    """Return the mean image of the 8s that the package ships.

    Parameters
    ----------
    digest
        Of the data that the records are about: of other data nobody knows the mean image here.

    Returns
    -------
    numpy.ndarray
        Shades from 0 to 1, shape (28, 28); None where the shipped data have another digest.

    Examples
    --------
    >>> mean_eight("of other data") is None
    True
    """
    from xbench.data.load import load_dataset

    dataset = load_dataset(DATASET)
    if dataset.digest != digest:
        return None
    images = np.asarray(dataset.X[dataset.cell_types == OWN], dtype=np.float64)
    return images.mean(axis=0).reshape(SIDE, SIDE)


_MOST_COLUMNS, _FEWEST_COLUMNS = 6, 4
_SIDE, _GAP, _TITLE = 1.42, 0.16, 0.44  # inches: a panel, between panels, above each
_LEFT, _ABOVE, _BAR = 0.14, 0.5, 0.5
_DARKEST_INK = 0.62  # of black, so that a masked pixel stands out from the digit


def draw_masked_pixels(figure: "Figure", masked: MaskedPixels, digit: np.ndarray) -> None:
    """Draw one panel a method: the mean digit in grey, masked pixels in colour on it.

    Parameters
    ----------
    figure
        Empty; it is given its size.
    masked
        As `masked_pixels` returns it.
    digit
        Mean image of the digits explained, shades from 0 to 1, shape (28, 28).

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> grids = MethodPixels("grids", np.eye(28), 5, 0.31)
    >>> figure = Figure()
    >>> draw_masked_pixels(figure, MaskedPixels(28, 95.4, (grids,)), np.zeros((28, 28)))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['grids', '0.31% still 8']
    """
    columns = max(_FEWEST_COLUMNS, min(_MOST_COLUMNS, len(masked.methods)))
    # Rows as full as can be: 8 methods stand as 4 and 4, not as 6 and 2.
    rows = math.ceil(len(masked.methods) / columns)
    columns = max(_FEWEST_COLUMNS, math.ceil(len(masked.methods) / rows))
    width = 2 * _LEFT + columns * (_SIDE + _GAP) - _GAP
    text, grid = _caption(masked), rows * (_TITLE + _SIDE + _GAP)
    figure.set_size_inches(width, _ABOVE + grid + _BAR + caption_height(text, width))
    heading(
        figure,
        f"Which {masked.size} of {digit.size} pixels turn an 8 into a 3?",
        "masked pixels over the mean 8; share of test 8s still predicted as 8 (lower is better)",
    )
    tints = _tints()
    for place, method in enumerate(masked.methods):
        row, column = divmod(place, columns)
        left = _LEFT + column * (_SIDE + _GAP)
        top = _ABOVE + row * (_TITLE + _SIDE + _GAP) + _TITLE
        _draw_method(panel(figure, left, top, _SIDE, _SIDE), method, digit, tints)
    _draw_bar(panel(figure, _LEFT, _ABOVE + grid + 0.06, _SIDE, 0.1), tints)
    caption(figure, text)


def _draw_method(axes: "Axes", method: MethodPixels, digit: np.ndarray, tints: "Colormap") -> None:
    shades = np.repeat(1 - _DARKEST_INK * digit[:, :, None], 3, axis=2)
    masked = method.shares > 0
    shades[masked] = tints(method.shares[masked])[:, :3]
    axes.imshow(np.clip(shades, 0, 1), interpolation="none")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color("#CCCCCC")
    above: dict[str, Any] = {"transform": axes.transAxes, "va": "bottom"}
    name = fitted(method.method, _SIDE, 8, "bold")
    axes.text(0, 1 + 0.2 / _SIDE, name, fontsize=8, fontweight="bold", **above)
    after = "not measured" if method.after is None else f"{method.after:.2f}% still 8"
    axes.text(0, 1 + 0.05 / _SIDE, after, fontsize=SMALL, color=GREY, **above)


def _tints() -> "Colormap":
    from matplotlib.colors import LinearSegmentedColormap

    # From light to dark, which every colour vision tells apart; orange, as digits are grey.
    return LinearSegmentedColormap.from_list("masked", ["#FFE3B8", "#F08A24", "#7A2A00"])


def _draw_bar(axes: "Axes", tints: "Colormap") -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    bar = axes.figure.colorbar(
        ScalarMappable(Normalize(0, 1), tints), cax=axes, orientation="horizontal"
    )
    bar.outline.set_visible(False)
    bar.set_ticks([0, 0.5, 1])
    axes.text(
        1.11, 0.5, "share of repetitions that mask the pixel", transform=axes.transAxes,
        va="center", fontsize=SMALL,
    )  # fmt: skip


def _caption(masked: MaskedPixels) -> str:
    counts = sorted({method.repetitions for method in masked.methods})
    repetitions = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    before = "" if masked.before is None else f"Before masking {masked.before:.2f}% are 8. "
    return (
        f"{before}Repetitions: {repetitions} a method; means over them. A masked pixel becomes 0, "
        "the shade of the background. Pixels that no repetition masks show the mean of all 8s."
    )
