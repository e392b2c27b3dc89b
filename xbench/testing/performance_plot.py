"""The ratios of benchmarks over time, drawn as small panels."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from xbench.errors import XbenchError
from xbench.utils.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")
COLUMNS, PANEL = 3, (3.6, 2.0)
# Of a title, in a line above a panel.
LETTERS = 54
# Blue of Okabe and Ito (2008), and greys.
LINE, INK, FAINT = "#0072B2", "#222222", "#BBBBBB"
SETTINGS: dict[Any, Any] = {
    "font.size": 8,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    # The same history gives the same file.
    "svg.hashsalt": "xbench",
}


class MeasurementLike(Protocol):
    """What is drawn of a benchmark."""

    @property
    def name(self) -> str:
        """File and test."""

    @property
    def ratio(self) -> float:
        """How many times as long the other way takes."""

    @property
    def against(self) -> str:
        """The other way, in words."""


class EntryLike(Protocol):
    """What is drawn of one run of the benchmarks."""

    @property
    def date(self) -> str:
        """ISO 8601."""

    @property
    def commit(self) -> str | None:
        """Of the checkout."""

    @property
    def machine(self) -> str:
        """Processor and number of cores."""

    @property
    def benchmarks(self) -> Sequence[MeasurementLike]:
        """What was measured."""


def plot_history(entries: Sequence[EntryLike], out: Path) -> list[Path]:
    """Draw one panel a benchmark: its ratio at each entry, on a logarithmic axis.

    Parameters
    ----------
    entries
        Oldest first, at least one.
    out
        A name that ends in .png or .svg; both are written.

    Returns
    -------
    list of Path
        The two files.

    Raises
    ------
    XbenchError
        The name ends otherwise, matplotlib is absent, or the files cannot be written.

    Examples
    --------
    >>> from xbench.testing.performance import SuiteRun, Measurement
    >>> import tempfile
    >>> walk = Measurement("walk: small", 0.004, 12.3, "dense passes", "4 cells")
    >>> entry = SuiteRun("2026-01-31T12:00:00+00:00", "0123456789ab", "a machine", {}, [walk])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in plot_history([entry], Path(folder) / "history.png")]
    ['history.png', 'history.svg']
    """
    if out.suffix.lower() not in SUFFIXES:
        raise XbenchError(f"--plot {out}: must end in one of: {', '.join(SUFFIXES)}")
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise XbenchError(
            "drawing needs matplotlib, which is absent: pip install 'xbench-explain[figures]'"
        ) from error
    paths = [out.with_suffix(suffix) for suffix in SUFFIXES]
    with mpl.rc_context(SETTINGS):
        figure = draw_history(entries)
        for path in paths:
            drawn = io.BytesIO()
            # Without a date in it, so that the same history gives the same bytes.
            when = {"Date": None} if path.suffix == ".svg" else None
            figure.savefig(drawn, format=path.suffix[1:], dpi=150, metadata=when)
            write_bytes(path, drawn.getvalue())
    return paths


def draw_history(entries: Sequence[EntryLike]) -> Figure:
    """Return the figure of `plot_history`.

    Parameters
    ----------
    entries
        Oldest first, at least one.

    Examples
    --------
    >>> from xbench.testing.performance import SuiteRun, Measurement
    >>> walk = Measurement("walk: small", 0.004, 12.3, "dense passes", "4 cells")
    >>> entry = SuiteRun("2026-01-31T12:00:00+00:00", None, "a machine", {}, [walk])
    >>> len(draw_history([entry, entry]).axes)
    1
    """
    from matplotlib.figure import Figure

    newest = {one.name: one for entry in entries for one in entry.benchmarks}
    rows = -(-len(newest) // COLUMNS)
    height = rows * PANEL[1] + 1.0
    figure = Figure(figsize=(COLUMNS * PANEL[0], height))
    panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes, one in zip(panels, newest.values(), strict=False):
        _draw_panel(axes, one, _points(entries, one.name))
        axes.set(xlim=(-0.4, len(entries) - 0.6), xticks=range(len(entries)))
        axes.set_xticklabels([])
    for axes in panels[len(newest) :]:
        axes.remove()
    _name_entries(entries, list(panels[: len(newest)]))
    figure.suptitle(
        "How many times as long the other way takes, in one run (higher is better)",
        x=0.01, ha="left", y=1 - 0.12 / height, va="top", color=INK, fontsize=9,
    )  # fmt: skip
    figure.subplots_adjust(
        left=0.06, right=0.985, top=1 - 0.78 / height, bottom=0.55 / height,
        hspace=0.75, wspace=0.2,
    )  # fmt: skip
    return figure


def _points(entries: Sequence[EntryLike], name: str) -> list[tuple[int, float, str]]:
    """Place, ratio and machine of each entry that has a benchmark."""
    return [
        (place, one.ratio, entry.machine)
        for place, entry in enumerate(entries)
        for one in entry.benchmarks
        if one.name == name
    ]


def _draw_panel(axes: Axes, one: MeasurementLike, points: list[tuple[int, float, str]]) -> None:
    """Draw the ratios of one benchmark; a change of the machine breaks the line."""
    places, ratios, machines = zip(*points, strict=True)
    starts = [0, *(k for k in range(1, len(points)) if machines[k] != machines[k - 1])]
    for start, end in zip(starts, [*starts[1:], len(points)], strict=True):
        axes.plot(places[start:end], ratios[start:end], color=LINE, lw=1.2, marker="o", ms=3.5)
    axes.set_yscale("log")
    # A factor of 4 around them at least, so that noise does not look like news.
    low, high = min(ratios), max(ratios)
    spread = max(1.15, 2 * (low / high) ** 0.5)
    axes.set_ylim(low / spread, high * spread)
    axes.set_yticks([low, high] if high > 1.2 * low else [ratios[-1]])
    axes.set_yticklabels([f"{tick:.3g}" for tick in axes.get_yticks()])
    axes.minorticks_off()
    lines = [*textwrap.wrap(one.name.replace("_", " "), LETTERS), f"ratio to {one.against}"]
    axes.set_title("\n".join(lines), loc="left", fontsize=7, color=INK)


def _name_entries(entries: Sequence[EntryLike], panels: Sequence[Axes]) -> None:
    """Write days and commits below the last panel of each column."""
    labels = [f"{entry.date[5:10]}\n{(entry.commit or '')[:7]}" for entry in entries]
    # Not more of them than there is room for.
    step = -(-len(entries) // 7)
    shown = [label if place % step == 0 else "" for place, label in enumerate(labels)]
    for axes in panels[-COLUMNS:]:
        axes.set_xticklabels(shown, fontsize=6)
