"""The report as one HTML file with everything inside.

Write a report: one page, and its numbers beside it.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING

from xbench.errors import XbenchError
from xbench.surrogates.evaluation import wording
from xbench.surrogates.evaluation.measure import SurrogateReport
from xbench.surrogates.evaluation.report_numbers import json_numbers
from xbench.utils.files import write_bytes, write_text

if TYPE_CHECKING:
    from xbench.surrogates.evaluation.sections import ReportSection

DOTS_PER_INCH = 200
TEMPLATE = "report_page.html"


def html_page(report: SurrogateReport) -> str:
    """Write the page; every text that may come from data is escaped.

    Parameters
    ----------
    report
        What is shown.

    Returns
    -------
    str
        A whole HTML document that refers to no other file.
    """
    # Imported here as matplotlib is: a wrong name of the page is refused before.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from xbench.surrogates.evaluation.sections import sections

    environment = Environment(
        loader=PackageLoader(__package__, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    parts = sections(report)
    return environment.get_template(TEMPLATE).render(
        title=wording.title(report),
        headline=wording.headline(report),
        facts=wording.facts(report),
        note=wording.level_note(report),
        sections=parts,
        images=[_image(section, report) for section in parts],
    )


def _image(section: ReportSection, report: SurrogateReport) -> str:
    """Draw a section as SVG, in base64; nothing where it has no drawing."""
    from matplotlib.figure import Figure

    from xbench.surrogates.evaluation.sections import WIDTH
    from xbench.utils.plotting import drawn_alike

    if section.draw is None:
        return ""
    drawn = io.BytesIO()
    with drawn_alike():
        figure = Figure(figsize=(WIDTH, section.height))
        section.draw(figure, report)
        # Without a date the same report is the same file.
        figure.savefig(drawn, format="svg", dpi=DOTS_PER_INCH, metadata={"Date": None})
    return base64.b64encode(drawn.getvalue()).decode("ascii")


SUFFIXES = (".html", ".png")


def check_out(out: Path) -> None:
    """Refuse a page that cannot be written, before anything is trained.

    Raises
    ------
    XbenchError
        The name does not end in .html or .png, or is that of a folder.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise XbenchError(f"--out {out}: must end in one of: {', '.join(SUFFIXES)}")
    if out.is_dir():
        raise XbenchError(f"--out {out}: is a folder; name a file in it")


def write_report(report: SurrogateReport, out: Path) -> list[Path]:
    """Write the page, and its numbers beside it in a JSON file of the same name.

    Parameters
    ----------
    report
        What `xbench.surrogates.evaluation.measure.measure` returns.
    out
        A name that ends in .html, for a page with everything inside, or .png.

    Returns
    -------
    list of Path
        The two files.

    Raises
    ------
    XbenchError
        See `check_out`; or the files cannot be written.
    """
    check_out(out)
    if out.suffix.lower() == ".png":
        # Imported here: matplotlib takes a second, and a wrong name should be refused at once.
        from xbench.surrogates.evaluation.poster import png_poster

        write_bytes(out, png_poster(report))
    else:
        write_text(out, html_page(report))
    numbers = out.with_suffix(".json")
    write_text(numbers, json_numbers(report))
    return [out, numbers]
