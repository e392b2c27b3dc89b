"""What is written on a figure and where, read back from matplotlib's own renderer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text


def written(figure: Figure) -> list[Text]:
    """Every text that is shown; of the ticks those inside the axes' limits."""
    return [text for text in _texts(figure) if text.get_visible() and text.get_text()]


def _texts(figure: Figure) -> Iterator[Text]:
    yield from figure.texts
    for axes in figure.axes:
        yield from axes.texts
        yield from (axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label)
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    yield from (tick.label1, tick.label2)


def assert_legible(figure: Figure) -> None:
    """No text is cut by the edge of the figure, and none lies on another."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    across, down = canvas.get_width_height()
    texts = written(figure)
    boxes = {text: text.get_window_extent(canvas.get_renderer()) for text in texts}
    for text, box in boxes.items():
        assert min(box.x0, box.y0) >= 0, text.get_text()
        assert box.x1 <= across, text.get_text()
        assert box.y1 <= down, text.get_text()
    # The box around a slanted text is far larger than the text.
    upright = [text for text in texts if text.get_rotation() in (0, 90)]
    for one, other in combinations(upright, 2):
        first, second = boxes[one], boxes[other]
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        high = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert wide <= 1 or high <= 1, (one.get_text(), other.get_text())
