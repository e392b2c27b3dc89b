"""The paper's Figure 2A of a surrogate, for the leaderboard: markers by cell type, and the fit."""

import io
from pathlib import Path
from typing import Any

from xbench.surrogates.evaluation import wording
from xbench.surrogates.evaluation.interpretations import PAPER_MEAN_R2
from xbench.surrogates.evaluation.measure import SurrogateReport
from xbench.utils.files import file_part, write_bytes, write_text
from xbench.utils.json import json_page
from xbench.utils.plotting import drawn_alike

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
