"""Target by method: one number a field, and a word where there is none."""

import math
from typing import TYPE_CHECKING

import numpy as np

from ..figures.canvas import GREY, short
from ..formats import format_metric
from ..study import Study
from .cost_front import new_axes
from .study_of_runs import metric_of, size_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_heatmap(study: Study, metric: str | None, size: int | None, axes: "Axes | None") -> "Axes":
    """Draw a row a target and a column a method; darker is better.

    A field without a value says in words what became of its runs.

    Parameters
    ----------
    study
        Whose rows are drawn.
    metric, size
        What is shown, and L; the primary metric and the largest L where None.
    axes
        To draw on; new ones where None.
    """
    from xbench.utils.plotting import drawn_alike

    name, chosen = metric_of(study, metric), size_of(study, size)
    targets, methods = study.targets, study.methods
    values = np.array(
        [
            [_number(study.value(target, method, chosen, name)) for method in methods]
            for target in targets
        ]
    )
    with drawn_alike():
        axes = axes or new_axes(1.8 + 0.72 * len(methods), 1.2 + 0.26 * len(targets))
        palette = "viridis" if study.direction(name) == "lower" else "viridis_r"
        image = axes.imshow(np.ma.masked_invalid(values), cmap=palette, aspect="auto")
        axes.set_facecolor("#EEEEEE")
        for row, target in enumerate(targets):
            for column, method in enumerate(methods):
                value = values[row, column]
                if math.isnan(value):
                    text, colour = study.instead(target, method, chosen, name), GREY
                else:
                    text = format_metric(name, value).replace("-", "\N{MINUS SIGN}")
                    red, green, blue, _ = image.cmap(image.norm(value))
                    dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
                    colour = "white" if dark else "black"
                axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=6.5)
        axes.set_xticks(
            range(len(methods)), [short(one) for one in methods], rotation=35, ha="right"
        )
        axes.set_yticks(range(len(targets)), [short(":".join(one)) for one in targets])
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_title(
            f"{study.label_with_unit(name)}, L = {chosen}", loc="left", fontweight="bold"
        )
    return axes


def _number(value: float | None) -> float:
    return math.nan if value is None else value
