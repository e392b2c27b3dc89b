"""A surrogate's report: one HTML file with everything inside, and its numbers as JSON beside it."""

import base64
import io
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xbench.errors import XbenchError
from xbench.surrogates.evaluation import wording
from xbench.surrogates.evaluation.agreement import PREDICTORS, QUANTILES, spread
from xbench.surrogates.evaluation.measure import PAPER_MAP_R2, PAPER_MEAN_R2, SurrogateReport
from xbench.utils.files import write_bytes, write_text
from xbench.utils.json import json_page

if TYPE_CHECKING:
    from xbench.surrogates.evaluation.poster import ReportSection

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

    from xbench.surrogates.evaluation.poster import sections

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


def _image(section: "ReportSection", report: SurrogateReport) -> str:
    """Draw a section as SVG, in base64; nothing where it has no drawing."""
    from matplotlib.figure import Figure

    from xbench.surrogates.evaluation.poster import WIDTH
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


FORMAT, VERSION = "xbench-surrogate-report", 1
DIGITS = 6


def json_numbers(report: SurrogateReport) -> str:
    """Write what the page shows, and every gene's values; what is undefined is null.

    Parameters
    ----------
    report
        What is written.

    Returns
    -------
    str
        Strict JSON, numbers to 6 significant digits.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "subject": {**asdict(report.subject), "saw_test_cells": report.subject.saw_test_cells},
        "headline": wording.headline(report),
        "paper": {"mean_r2": PAPER_MEAN_R2, "cell_r2": PAPER_MAP_R2},
        "predictors": PREDICTORS,
        "mean_r2": {
            name: [asdict(one) for one in found] for name, found in report.interpretations.items()
        },
        "mean_expression": {
            "observed": report.cells.observed.mean(),
            "predicted": report.cells.predicted.mean(),
        },
        "cell_types": _cell_types(report),
        "markers": _markers(report),
        "markers_not_predicted": report.absent,
        "genes": _genes(report),
        "map": _map(report),
    }
    return json_page(content, digits=DIGITS)


def _cell_types(report: SurrogateReport) -> list[dict[str, Any]]:
    means = report.means
    return [
        {"name": name, "test_cells": count, "counted": counted}
        for name, count, counted in zip(means.names, means.counts, means.counted, strict=True)
    ]


def _markers(report: SurrogateReport) -> list[dict[str, Any]]:
    return [
        {
            "gene": marker.gene,
            "name": report.cells.genes.names[marker.column],
            "own_types": marker.own_types,
            "observed_means": report.means.observed[:, marker.column],
            "predicted_means": {
                name: means[:, marker.column] for name, means in report.means.predicted.items()
            },
            **{
                name: {measure: values[marker.column] for measure, values in vars(found).items()}
                for name, found in report.agreements.items()
            },
        }
        for marker in report.markers
    ]


def _genes(report: SurrogateReport) -> dict[str, Any]:
    measures = {
        name: {measure: _summary(values) for measure, values in vars(found).items()}
        for name, found in report.agreements.items()
    }
    return {"names": report.cells.genes.names, **measures}


def _summary(values: np.ndarray) -> dict[str, Any]:
    found = spread(values)
    quantiles = zip(QUANTILES, found.quantiles, strict=True)
    return {
        "values": values,
        "defined": found.defined,
        "undefined": found.undefined,
        "mean": found.mean,
        "quantiles": {f"{at:g}": value for at, value in quantiles},
    }


def _map(report: SurrogateReport) -> dict[str, Any]:
    cells, drawn = report.cells, report.map
    return {
        "projection": drawn.projection,
        "space": drawn.space,
        "note": drawn.note,
        "test_cells": len(cells.observed),
        "rows": drawn.rows,
        "coordinates": drawn.coordinates,
        "cell_types": cells.cell_types[drawn.rows],
        "genes": {
            str(cells.genes.names[gene]): {
                "observed": cells.observed[drawn.rows, gene],
                "predicted": cells.predicted[drawn.rows, gene],
            }
            for gene in report.map_genes
        },
    }
