"""The report as one HTML file with everything inside.

Write a report: one page, and its numbers beside it.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

from xbench.errors import XbenchError
from xbench.surrogates.evaluation import wording
from xbench.surrogates.evaluation.measure import SurrogateReport
from xbench.surrogates.evaluation.report_numbers import json_numbers
from xbench.surrogates.evaluation.sections import WIDTH, ReportSection, sections
from xbench.utils.files import write_bytes, write_text
from xbench.utils.plotting import drawn_alike

DOTS_PER_INCH = 200
STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #222;
       background: #fff; max-width: 1080px; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; margin: 0 0 .4rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; border-bottom: 1px solid #ddd; }
p.headline { font-size: 1.05rem; }
p.caption, p.note { font-size: .88rem; color: #444; margin: .3rem 0 .6rem; }
img { width: 100%; height: auto; display: block; }
table { border-collapse: collapse; font-size: .88rem; margin: .8rem 0; }
th, td { text-align: left; padding: .15rem .9rem .15rem 0; vertical-align: top;
       font-weight: normal; }
table.facts th { color: #666; white-space: nowrap; }
table.numbers th { border-bottom: 1px solid #888; }
table.numbers th + th, table.numbers td + td { text-align: right; white-space: nowrap;
       font-variant-numeric: tabular-nums; }
@media print { body { margin: 0; max-width: none; font-size: 11px; }
               section { break-inside: avoid; } }
"""


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
    title = escape(wording.title(report))
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        f'<head><meta charset="utf-8"><title>{title}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}</style></head>",
        f"<body><h1>{title}</h1>",
        _paragraph("headline", wording.headline(report)),
        _table("facts", wording.facts(report)),
        _paragraph("note", wording.level_note(report)),
        *(_section(section, report) for section in sections(report)),
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _section(section: ReportSection, report: SurrogateReport) -> str:
    parts = [f"<section><h2>{escape(section.heading)}</h2>", _paragraph("caption", section.caption)]
    parts.append(_table("numbers", section.table, with_headings=True))
    if section.draw is not None:
        with drawn_alike():
            figure = Figure(figsize=(WIDTH, section.height))
            section.draw(figure, report)
            image = base64.b64encode(_svg(figure)).decode("ascii")
        parts.append(
            f'<img alt="{escape(section.heading)}" src="data:image/svg+xml;base64,{image}">'
        )
    return "\n".join([*parts, "</section>"])


def _svg(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    # Without a date the same report is the same file.
    figure.savefig(buffer, format="svg", dpi=DOTS_PER_INCH, metadata={"Date": None})
    return buffer.getvalue()


def _paragraph(kind: str, text: str) -> str:
    return f'<p class="{kind}">{escape(text)}</p>'


def _table(kind: str, rows: Sequence[Sequence[str]], *, with_headings: bool = False) -> str:
    if not rows:
        return ""
    lines = [f'<table class="{kind}">']
    for place, row in enumerate(rows):
        rest = "th" if place == 0 and with_headings else "td"
        first = "th" if kind == "facts" else rest
        cells = [f"<{first}>{escape(row[0])}</{first}>"]
        cells += [f"<{rest}>{escape(text)}</{rest}>" for text in row[1:]]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join([*lines, "</table>"])


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
        write_text(out, html_page(report))
    numbers = out.with_suffix(".json")
    write_text(numbers, json_numbers(report))
    return [out, numbers]
