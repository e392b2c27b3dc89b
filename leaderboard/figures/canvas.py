"""What the figures are drawn on: placed in inches, written as a PNG and an SVG."""

import io
import textwrap
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xbench.utils.text import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS_PER_INCH = 150
LONGEST_NAME = 26  # letters of a method or cell type; the tables have all of them
SMALL, GREY, FAINT_LINE = 7.0, "#555555", "#999999"
_MARGIN, _LINE = 0.12, 0.15  # inches: around the figure, from line to line of the caption
_LETTER = 0.0535  # inches that a letter of English prose takes at the size of the caption


def images(title: str, draw: "Callable[[Figure], None]") -> dict[str, bytes]:
    """Draw once and return the bytes of both formats.

    Parameters
    ----------
    title
        What it is, for readers of the SVG who cannot see it.
    draw
        Draws on an empty figure and gives it its size.

    Returns
    -------
    dict
        ``{".png": ..., ".svg": ...}``. The same drawing gives the same bytes.

    Examples
    --------
    >>> sorted(images("Nothing", lambda figure: figure.set_size_inches(1, 1)))
    ['.png', '.svg']
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from xbench.utils.plotting import drawn_alike

    # Text of an SVG stays text: it can be searched, read aloud, and is escaped.
    # Neither file names the day or matplotlib's version, which would make them differ.
    written: dict[str, dict[str, Any]] = {
        ".png": {"Software": None},
        ".svg": {"Title": plain(title), "Date": None, "Creator": None},
    }
    found = {}
    with drawn_alike(), rc_context({"svg.fonttype": "none"}), warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box; the tables have it.
        warnings.filterwarnings("ignore", message="Glyph ")
        figure = Figure(facecolor="white")
        draw(figure)
        for ending, metadata in written.items():
            buffer = io.BytesIO()
            figure.savefig(buffer, format=ending[1:], dpi=DOTS_PER_INCH, metadata=metadata)
            found[ending] = buffer.getvalue()
    return found


def panel(figure: "Figure", left: float, top: float, width: float, height: float) -> "Axes":
    """Add axes; all in inches, `top` from the upper edge of the figure."""
    across, down = figure.get_size_inches()
    return figure.add_axes(
        (left / across, 1 - (top + height) / down, width / across, height / down)
    )


def heading(figure: "Figure", title: str, below: str = "") -> None:
    """Write the title, and a line below it, in the 0.5 inches at the upper edge.

    What is wider than the figure is shortened.
    """
    across, down = figure.get_size_inches()
    left = _MARGIN / across
    title = fitted(title, across - 2 * _MARGIN, 9.5, "bold", longest=200)
    below = fitted(below, across - 2 * _MARGIN, SMALL, longest=200)
    figure.text(left, 1 - 0.21 / down, title, fontsize=9.5, fontweight="bold")
    figure.text(left, 1 - 0.38 / down, below, fontsize=SMALL, color=GREY)


def caption_height(text: str, width: float) -> float:
    """Inches that `caption` needs in a figure of this width."""
    return _LINE * len(_lines(text, width)) + 2 * _MARGIN


def caption(figure: "Figure", text: str) -> None:
    """Write how to read the figure along its lower edge."""
    across, down = figure.get_size_inches()
    for above, line in enumerate(reversed(_lines(text, across))):
        at = (_MARGIN + 0.02 + _LINE * above) / down
        figure.text(_MARGIN / across, at, line, fontsize=SMALL, color=GREY)


def _lines(text: str, width: float) -> list[str]:
    return textwrap.wrap(text, max(20, int((width - 2 * _MARGIN) / _LETTER)))


def short(name: str) -> str:
    """Return a name as a figure shows it: on one line, not too long.

    Examples
    --------
    >>> short("a-method-with-a-very-long-name")
    'a-method-with-a-very-long…'
    """
    return plain(name, LONGEST_NAME)


def signed(value: float, digits: int = 1) -> str:
    """Return a change with its sign, a true minus and no negative zero.

    Examples
    --------
    >>> signed(-20.883), signed(0.3), signed(-0.01)
    ('−20.9', '+0.3', '0.0')
    """
    text = f"{value:+z.{digits}f}"
    return text.lstrip("+") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of a text in inches, at a size in points.

    Examples
    --------
    >>> 0.5 < text_width("ten letters", 8) < 0.7
    True
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    return float(TextToPath().get_text_width_height_descent(text, font, False)[0]) / 72


def fitted(
    text: str, width: float, size: float, weight: str = "normal", longest: int = LONGEST_NAME
) -> str:
    """Shorten a text until it is no wider than `width` inches.

    Examples
    --------
    >>> fitted("gradient-change", 0.5, 8).startswith("gradi"), fitted("grids", 0.5, 8)
    (True, 'grids')
    """
    shown = plain(text, longest)
    for letters in range(len(shown) - 1, 0, -1):
        if text_width(shown, size, weight) <= width:
            break
        shown = plain(text, letters)
    return shown
