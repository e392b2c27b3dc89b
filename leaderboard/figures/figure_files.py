"""Every figure that there are data for, as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from xbench.results.current import current

from .canvas import images
from .figure3 import ANALYSIS, cross_effects
from .masked_pixels import DATASET, masked_pixels, mean_eight
from .matched import at_largest
from .overview import overview
from .redundancy_curves import redundancy_curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from xbench.results.findings import Finding

    from ..study import Study

    # Name in the file, title, and what draws it.
    Drawing = tuple[str, str, Callable[[Figure], None]]

METHOD = "grids"


def figure_files(
    records: Iterable[Mapping[str, Any]],
    findings: Iterable[Finding],
    stem: str,
    study: Study | None = None,
) -> dict[str, bytes]:
    """Draw what can be drawn of one (task, dataset, surrogate).

    Parameters
    ----------
    records
        Records of its runs.
    findings
        What analyses found about them.
    stem
        First part of each file's name.
    study
        Its rows, for the overview; without them there is none.

    Returns
    -------
    dict
        Bytes by name, ``"STEM--figure3.png"`` and ``"STEM--figure3.svg"``, the overview first.
        Only figures for which there are data; empty where matplotlib is not installed. The same
        data give the same bytes.

    Raises
    ------
    XbenchError
        A record that lacks a field.

    Examples
    --------
    >>> figure_files([], [], "table1--cortex")
    {}
    """
    if find_spec("matplotlib") is None:
        return {}
    chosen, found = current(records).records, list(findings)
    drawings = [*_overview(study), *_pixels(chosen), *_figure3(chosen, found)]
    drawings += _redundancy(chosen, found)
    return {
        f"{stem}--{name}{ending}": content
        for name, title, draw in drawings
        for ending, content in images(title, draw).items()
    }


def _overview(study: Study | None) -> Iterator[Drawing]:
    seen = None if study is None else overview(study)
    if seen is not None:
        from .overview import draw_overview

        title = f"{seen.label} of each method, by cell type"
        yield "overview", title, lambda figure: draw_overview(figure, seen)


def _pixels(records: list[dict[str, Any]]) -> Iterator[Drawing]:
    masked = masked_pixels(records)
    digests = {record.get("dataset_digest", "") for record in records} - {""}
    # Loading the images takes a moment: only where their digest can be that of the runs.
    digit = mean_eight(digests.pop()) if masked is not None and len(digests) == 1 else None
    if masked is not None and digit is not None:
        from .masked_pixels import draw_masked_pixels

        title = f"Pixels that each method masks ({DATASET})"
        yield "masked-pixels", title, lambda figure: draw_masked_pixels(figure, masked, digit)


def _figure3(records: list[dict[str, Any]], findings: list[Finding]) -> Iterator[Drawing]:
    effects = cross_effects(records, findings, METHOD)
    if effects is not None:
        from .figure3 import draw_figure3

        size = at_largest(records, findings, ANALYSIS, METHOD)[0].record["L"]
        title = "Change of each cell type's markers by the subsets found for each cell type"
        yield "figure3", title, lambda figure: draw_figure3(figure, effects, METHOD, size)


def _redundancy(records: list[dict[str, Any]], findings: list[Finding]) -> Iterator[Drawing]:
    curves = redundancy_curves(records, findings)
    if curves is not None:
        from .redundancy_curves import draw_redundancy_curves

        title = "Drop by number of features masked, and what is lost without one"
        yield "redundancy", title, lambda figure: draw_redundancy_curves(figure, curves)
