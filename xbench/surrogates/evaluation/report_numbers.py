"""Every number of the report as JSON."""

from dataclasses import asdict
from typing import Any

import numpy as np

from xbench.surrogates.evaluation import wording
from xbench.surrogates.evaluation.agreement import PREDICTORS, QUANTILES, spread
from xbench.surrogates.evaluation.interpretations import PAPER_MEAN_R2
from xbench.surrogates.evaluation.measure import PAPER_MAP_R2, SurrogateReport
from xbench.utils.json import json_page

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
