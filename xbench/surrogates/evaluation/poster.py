"""The report as one PNG, one part below the other, and the paper's Figure 2A of a surrogate."""

import io
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.lines import Line2D

from xbench.surrogates.evaluation import wording
from xbench.surrogates.evaluation.measure import PAPER_MEAN_R2, SurrogateReport
from xbench.surrogates.evaluation.plots import (
    draw_genes,
    draw_map,
    draw_markers,
    draw_training,
    markers_height,
)
from xbench.utils.files import file_part, write_bytes, write_text
from xbench.utils.json import json_page
from xbench.utils.plotting import FAINT, drawn_alike

STEM = "figure2"


def figure2_files(report: SurrogateReport, folder: Path) -> list[Path]:
    """Write a surrogate's fit as JSON, and its markers as PNG and SVG.

    The images only where matplotlib is installed (``xbench-explain[figures]``) and a marker gene
    is among those predicted.

    Parameters
    ----------
    report
        What `xbench.surrogates.evaluation.measure.measure` returns.
    folder
        Where to write; made where missing.

    Returns
    -------
    list of Path
        The files.
    """
    subject = report.subject
    stem = f"{STEM}--{file_part(subject.dataset)}--{file_part(subject.surrogate)}"
    written = [folder / f"{stem}.json"]
    write_text(written[0], json_page(_numbers(report)))
    for ending, image in _images(report).items():
        write_bytes(folder / f"{stem}.{ending}", image)
        written.append(folder / f"{stem}.{ending}")
    return written


def _numbers(report: SurrogateReport) -> dict[str, Any]:
    """Return what the leaderboard says of a surrogate's fit."""
    return {
        "dataset": report.subject.dataset,
        "surrogate": report.subject.surrogate,
        "surrogate_digest": report.subject.surrogate_digest,
        "headline": wording.headline(report),
        "paper_mean_r2": PAPER_MEAN_R2,
        "mean_r2": {name: found[0].value for name, found in report.interpretations.items()},
    }


def _images(report: SurrogateReport) -> dict[str, bytes]:
    if not report.markers:
        return {}
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return {}
    from xbench.surrogates.evaluation.plots import draw_markers, markers_height

    images = {}
    with drawn_alike():
        for ending, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
            figure = Figure(figsize=(11, markers_height(len(report.markers))))
            draw_markers(figure, report)
            buffer = io.BytesIO()
            # Without a date and a version the same report is the same file.
            figure.savefig(buffer, format=ending, dpi=110, metadata=metadata)
            images[ending] = buffer.getvalue()
    return images


WIDTH = 11.0


@dataclass(frozen=True)
class ReportSection:
    """One part of the page.

    Parameters
    ----------
    heading, caption
        Plain text, nothing escaped.
    table
        Rows, the first of headings; empty where there is none.
    height
        Of the drawing, inches; it is `WIDTH` wide.
    draw
        Draws into an empty figure; None where there is nothing to draw.
    """

    heading: str
    caption: str
    table: list[list[str]]
    height: float
    draw: Callable[[FigureBase, SurrogateReport], None] | None


def sections(report: SurrogateReport) -> list[ReportSection]:
    """Return the parts that this report has."""
    markers = len(report.markers)
    return [
        ReportSection(
            "Marker genes by cell type",
            wording.marker_caption(report),
            wording.mean_r2_table(report),
            markers_height(markers) if markers else 0,
            draw_markers if markers else None,
        ),
        ReportSection(
            "All genes", wording.gene_caption(report), wording.gene_table(report), 2.8, draw_genes
        ),
        ReportSection("Map of the test cells", wording.map_caption(report), [], 4.2, draw_map),
        ReportSection(
            "Training",
            wording.training_caption(report),
            [],
            2.2,
            draw_training if report.subject.stages else None,
        ),
    ]


DOTS_PER_INCH = 150
LINE = 0.155  # inches from line to line
LEFT = 0.03  # of the width
LETTERS = 175  # in a line as wide as the page
SECOND = 0.13  # where the second column of the facts begins
RIGHT = 0.97  # where the last column of a table ends


def png_poster(report: SurrogateReport) -> bytes:
    """Draw everything on one image.

    Parameters
    ----------
    report
        What is shown.

    Returns
    -------
    bytes
        A PNG file, 1,650 pixels wide.
    """
    parts = sections(report)
    heights = [_header_height(report)]
    for part in parts:
        heights += [_head_height(part), part.height] if part.draw else [_head_height(part)]
    with drawn_alike():
        figure = Figure(figsize=(WIDTH, sum(heights)))
        rows = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)
        strips = iter(rows.flat)
        _draw_header(next(strips), report)
        for part in parts:
            _draw_head(next(strips), part)
            if part.draw:
                part.draw(next(strips), report)
        buffer = io.BytesIO()
        # matplotlib's version in the file would make it differ from machine to machine.
        figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return buffer.getvalue()


def _wrapped(report: SurrogateReport) -> tuple[list[str], list[tuple[str, str]], list[str]]:
    """Lines of the headline, the facts and the note."""
    facts: list[tuple[str, str]] = []
    for name, text in wording.facts(report):
        first, *others = textwrap.wrap(text, LETTERS - 20) or [""]
        facts += [(name, first), *(("", line) for line in others)]
    headline = textwrap.wrap(wording.headline(report), LETTERS - 25)
    return headline, facts, textwrap.wrap(wording.level_note(report), LETTERS)


def _header_height(report: SurrogateReport) -> float:
    return 0.75 + LINE * (2 + sum(len(lines) for lines in _wrapped(report)))


def _draw_header(figure: SubFigure, report: SurrogateReport) -> None:
    headline, facts, note = _wrapped(report)
    pen = _Pen(figure, _header_height(report), start=0.35)
    pen.line(wording.title(report), size=14, weight="bold", step=0.32)
    for text in headline:
        pen.line(text, size=9)
    pen.down()
    for name, text in facts:
        pen.write(LEFT, name, color="#666666")
        pen.write(SECOND, text)
        pen.down()
    pen.down()
    for text in note:
        pen.line(text)


def _head_height(part: ReportSection) -> float:
    lines = len(textwrap.wrap(part.caption, LETTERS)) + len(part.table)
    return 0.45 + LINE * lines + (LINE if part.table else 0)


def _draw_head(figure: SubFigure, part: ReportSection) -> None:
    pen = _Pen(figure, _head_height(part), start=0.2)
    pen.rule(above=0.15)
    pen.line(part.heading, size=11, weight="bold", step=0.19)
    for text in textwrap.wrap(part.caption, LETTERS):
        pen.line(text, color="#444444")
    if part.table:
        pen.down()
    for place, row in enumerate(part.table):
        pen.row(row)
        if place == 0:
            pen.rule()


class _Pen:
    """Writes from the top of a strip downwards."""

    def __init__(self, figure: SubFigure, height: float, start: float) -> None:
        self.figure, self.height, self.at = figure, height, start

    def write(self, x: float, text: str, **style: Any) -> None:
        self.figure.text(x, 1 - self.at / self.height, text, va="baseline", **style)

    def line(self, text: str, step: float = LINE, **style: Any) -> None:
        self.write(LEFT, text, **style)
        self.down(step)

    def row(self, texts: Sequence[str]) -> None:
        """Write a row of a table, numbers flush right."""
        self.write(LEFT, texts[0])
        width = 0.14 if len(texts) <= 4 else 0.085
        for place, text in enumerate(reversed(texts[1:])):
            self.write(RIGHT - place * width, text, ha="right")
        self.down()

    def rule(self, above: float = 0.11) -> None:
        y = 1 - (self.at - above) / self.height
        across = Line2D(
            [LEFT, RIGHT], [y, y], color=FAINT, lw=0.8, transform=self.figure.transSubfigure
        )
        self.figure.add_artist(across)

    def down(self, step: float = LINE) -> None:
        self.at += step
