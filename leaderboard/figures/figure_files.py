"""Every figure that there are data for, as files."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeAlias

from ..study import StudyRuns
from .canvas import images
from .figure3 import ANALYSIS, cross_effects, draw_figure3
from .masked_pixels import DATASET, draw_masked_pixels, masked_pixels, mean_eight
from .overview import draw_overview, overview
from .redundancy_curves import draw_redundancy_curves, redundancy_curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    # Name in the file, title, and what draws it.
    Drawing: TypeAlias = tuple[str, str, Callable[[Figure], None]]

METHOD = "grids"


def figure_files(runs: StudyRuns, stem: str) -> dict[str, bytes]:
    """Draw what can be drawn of one (task, dataset, surrogate).

    Parameters
    ----------
    runs
        Of one study, with what analyses found about them.
    stem
        First part of each file's name.

    Returns
    -------
    dict
        Bytes by name, ``"STEM--figure3.png"`` and ``"STEM--figure3.svg"``, the overview first.
        Only figures for which there are data; empty where matplotlib is not installed. The same
        data give the same bytes.

    Examples
    --------
    >>> from xbench.leaderboard import Study
    >>> figure_files(StudyRuns(Study(("table1", "cortex", "mlp"), {}, None), ()), "table1--cortex")
    {}
    """
    if find_spec("matplotlib") is None:
        return {}
    drawings = [*_overview(runs), *_pixels(runs), *_figure3(runs), *_redundancy(runs)]
    return {
        f"{stem}--{name}{ending}": content
        for name, title, draw in drawings
        for ending, content in images(title, draw).items()
    }


def _overview(runs: StudyRuns) -> "Iterator[Drawing]":
    seen = overview(runs.study)
    # The one class of the digits is no cell type among others, and has a figure of its own.
    if seen is not None and (seen.metric == "rel-delta" or len(seen.cell_types) > 1):
        title = f"{seen.label} of each method, by cell type"
        yield "overview", title, lambda figure: draw_overview(figure, seen)


def _pixels(runs: StudyRuns) -> "Iterator[Drawing]":
    masked = masked_pixels(runs.records)
    digests = {record.dataset_digest for record in runs.records} - {""}
    # Loading the images takes a moment: only where their digest can be that of the runs.
    digit = mean_eight(digests.pop()) if masked is not None and len(digests) == 1 else None
    if masked is not None and digit is not None:
        title = f"Pixels that each method masks ({DATASET})"
        yield "masked-pixels", title, lambda figure: draw_masked_pixels(figure, masked, digit)


def _figure3(runs: StudyRuns) -> "Iterator[Drawing]":
    effects = cross_effects(runs, METHOD)
    if effects is not None:
        size = runs.found_at_largest(ANALYSIS, METHOD)[0][0].L
        title = "Change of each cell type's markers by the subsets found for each cell type"
        yield "figure3", title, lambda figure: draw_figure3(figure, effects, METHOD, size)


def _redundancy(runs: StudyRuns) -> "Iterator[Drawing]":
    curves = redundancy_curves(runs)
    if curves is not None:
        title = "Drop by number of features masked, and what is lost without one"
        yield "redundancy", title, lambda figure: draw_redundancy_curves(figure, curves)
