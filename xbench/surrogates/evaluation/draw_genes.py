"""Histograms over all genes of how well each is predicted."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.ticker import MaxNLocator

from xbench.surrogates.evaluation.agreement import PREDICTORS
from xbench.surrogates.evaluation.measure import SurrogateReport
from xbench.surrogates.evaluation.spread import spread
from xbench.surrogates.evaluation.wording import MEASURES
from xbench.utils.plotting import PREDICTOR_COLOURS, number

# Field of `Agreement` -> range drawn; what lies below it is counted in the first bar.
LIMITS = {
    "type_squared_pearson": (0.0, 1.0),
    "type_determination": (-1.0, 1.0),
    "cell_pearson": (-0.25, 1.0),
}
BINS = 40


def draw_genes(figure: FigureBase, report: SurrogateReport) -> None:
    """Draw one histogram a measure; the baseline is a line, the surrogate is filled.

    Parameters
    ----------
    figure
        Empty; 11 inches wide, 2.8 inches high.
    report
        Of any number of genes.
    """
    panels = figure.subplots(1, len(LIMITS))
    figure.subplots_adjust(left=0.06, right=0.97, top=0.77, bottom=0.15, wspace=0.2)
    for axes, (field, limits) in zip(panels, LIMITS.items(), strict=True):
        for name in ("type-training-mean", "surrogate"):
            values = getattr(report.agreements[name], field)
            _draw_values(axes, values, limits, name)
        axes.set_title(MEASURES[field], loc="left", pad=34, fontweight="bold")
        axes.set(xlim=limits, ylim=(0, axes.get_ylim()[1]))
        axes.set_xlabel(_axis_label(field, report, limits), fontsize=7)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.legend(loc="lower left", bbox_to_anchor=(-0.015, 1.0), handlelength=1.2,
                    borderaxespad=0.2, reverse=True)  # fmt: skip
    panels[0].set_ylabel("genes")


def _draw_values(axes: Axes, values: np.ndarray, limits: tuple[float, float], name: str) -> None:
    defined = values[np.isfinite(values)]
    found, colour = spread(values), PREDICTOR_COLOURS[name]
    filled = name == "surrogate"
    label = f"{PREDICTORS[name]}: median {number(found.median)}"
    if found.undefined:
        label += f", undefined: {found.undefined:,}"
    axes.hist(
        np.clip(defined, *limits), bins=BINS, range=limits, label=label,
        histtype="stepfilled" if filled else "step", color=colour if filled else None,
        edgecolor="none" if filled else colour, alpha=0.55 if filled else 1.0, lw=1.2,
    )  # fmt: skip
    if limits[0] <= found.median <= limits[1]:
        axes.axvline(found.median, color=colour, lw=1, ls=(0, (4, 2)))


def _axis_label(field: str, report: SurrogateReport, limits: tuple[float, float]) -> str:
    values = getattr(report.agreements["surrogate"], field)
    below = int((values < limits[0]).sum())
    if not below:
        return ""
    genes = f"{below:,} gene{'' if below == 1 else 's'}"
    return f"first bar: the surrogate's {genes} below {number(limits[0], 2)} too"
