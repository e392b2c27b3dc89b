"""Write a report: one page, and its numbers beside it."""

from __future__ import annotations

from pathlib import Path

from xbench.errors import XbenchError
from xbench.surrogates.evaluation.measure import SurrogateReport
from xbench.surrogates.evaluation.numbers import json_numbers
from xbench.utils.files import write_bytes, write_text

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
    # Imported here: matplotlib takes a second, and a wrong name should be refused at once.
    if out.suffix.lower() == ".png":
        from xbench.surrogates.evaluation.poster import png_poster

        write_bytes(out, png_poster(report))
    else:
        from xbench.surrogates.evaluation.page import html_page

        write_text(out, html_page(report))
    numbers = out.with_suffix(".json")
    write_text(numbers, json_numbers(report))
    return [out, numbers]
