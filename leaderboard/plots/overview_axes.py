"""The leaderboard's overview on a figure of pyplot: shown by a notebook, open to changes."""

from typing import TYPE_CHECKING

from xbench.errors import XbenchError

from ..figures.overview import draw_overview, overview
from ..study import Study
from .study_of_runs import metric_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_panels(study: Study, metric: str | None) -> "list[Axes]":
    """Draw a panel for the smallest and the largest L, on a figure of its own.

    Parameters
    ----------
    study
        Whose rows are drawn.
    metric
        Its name; the primary one where None.

    Raises
    ------
    XbenchError
        No run has a value of it.
    """
    from matplotlib import pyplot

    from xbench.utils.plotting import drawn_alike

    name = metric_of(study, metric)
    seen = overview(study, name)
    if seen is None:
        raise XbenchError(f"{', '.join(study.place)}: no run has a value of {name}")
    with drawn_alike():
        figure = pyplot.figure(facecolor="white")
        draw_overview(figure, seen)
    return list(figure.axes)
