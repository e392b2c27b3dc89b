"""Figures of runs on matplotlib axes: what `xbench.run` and `xbench.benchmark` return, drawn.

Needs the extra ``figures`` (matplotlib). The drawing itself is the leaderboard's, whose means and
intervals it shows; this module finds the task and the truth, which that room does not know.

Examples
--------
>>> import xbench
>>> runs = xbench.run("quick", methods=["random", "gradient-change"])
>>> xbench.plot.heatmap(runs).get_title(loc="left")
'own class after(%), L = 16'
"""

import importlib
from typing import TYPE_CHECKING, Any, Literal, Protocol

from xbench.errors import XbenchError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from xbench.benchmark.task import Task
    from xbench.data.dataset import Dataset
    from xbench.results.record import Place, Record

__all__ = ["heatmap", "overview", "pareto", "table", "tracks"]


class HasRuns(Protocol):
    """What `xbench.benchmark` returns: its task, and its runs as a frame."""

    @property
    def task(self) -> "Task":
        """What was asked."""

    def to_frame(self) -> "pd.DataFrame":
        """A row a run."""


def overview(runs: "pd.DataFrame | HasRuns", metric: str | None = None) -> "list[Axes]":
    """Draw each method's mean: in each cell type, and over them with its 95% interval.

    Parameters
    ----------
    runs
        The frame of `xbench.run` or `ResultStore.to_frame`, rows left out at will, or what
        `xbench.benchmark` returned: of one task, dataset and surrogate.
    metric
        Name of a metric; the task's primary one where None.

    Returns
    -------
    list of Axes
        A panel for the smallest L, and one for the largest where it is another, on a figure of
        their own.

    Raises
    ------
    XbenchError
        Runs of several studies, a metric that they do not have, or matplotlib is not there.

    Examples
    --------
    >>> import xbench
    >>> (axes,) = overview(xbench.run("quick", methods=["random", "gradient-change"]))
    >>> axes.get_title(loc="left")
    'L = 16'
    """
    records, tasks = _records_and_tasks(runs)
    room = _room()
    panels: list[Axes] = room.draw_panels(room.only_study(records, tasks), metric)
    return panels


def pareto(
    runs: "pd.DataFrame | HasRuns",
    metric: str | None = None,
    *,
    cost: Literal["seconds", "evaluations"] = "seconds",
    L: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw quality against cost, and a line through the methods that no other beats in both.

    Parameters
    ----------
    runs, metric
        See `overview`.
    cost
        ``"seconds"``, which depend on the machine, or ``"evaluations"`` of the surrogate on a cell
        (forward and gradient together), which do not.
    L
        Size of the subset; the largest where None.
    ax
        To draw on; new ones where None.

    Raises
    ------
    XbenchError
        See `overview`; or a cost that is none.

    Examples
    --------
    >>> import xbench
    >>> runs = xbench.run("quick", methods=["random", "gradient-change"])
    >>> pareto(runs, cost="evaluations").get_xlabel()
    'evaluations a run (cells)'
    """
    if cost not in ("seconds", "evaluations"):
        raise XbenchError(f"unknown cost {cost!r}; valid: seconds, evaluations")
    records, tasks = _records_and_tasks(runs)
    room = _room()
    axes: Axes = room.draw_pareto(room.only_study(records, tasks), metric, cost, L, ax)
    return axes


def heatmap(
    runs: "pd.DataFrame | HasRuns",
    metric: str | None = None,
    *,
    L: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw a table of numbers in colours: a row a target, a column a method; darker is better.

    Where a method has no number for a target, the field says what became of its runs.

    Parameters
    ----------
    runs, metric, L, ax
        See `pareto`.

    Raises
    ------
    XbenchError
        See `overview`.

    Examples
    --------
    >>> import xbench
    >>> axes = heatmap(xbench.run("quick", methods=["random", "gradient-change"]))
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['8:3']
    """
    records, tasks = _records_and_tasks(runs)
    room = _room()
    axes: Axes = room.draw_heatmap(room.only_study(records, tasks), metric, L, ax)
    return axes


def table(runs: "pd.DataFrame | HasRuns") -> Any:
    """Lay runs out as the leaderboard does: as the paper's Table 1, or as a ranking.

    Parameters
    ----------
    runs
        See `overview`.

    Returns
    -------
    xbench.leaderboard.Table
        Shown by a notebook; its cells are texts.

    Raises
    ------
    XbenchError
        See `overview`.

    Examples
    --------
    >>> import xbench
    >>> shown = table(xbench.run("quick", methods=["random", "gradient-change"]))
    >>> [row[1].text for row in shown.blocks[0].rows]
    ['gradient-change', 'random']
    """
    records, tasks = _records_and_tasks(runs)
    room = importlib.import_module("xbench.leaderboard.plots")
    return room.table_of(room.only_study(records, tasks))


def tracks(
    runs: "pd.DataFrame | HasRuns",
    target: str | None = None,
    *,
    L: int | None = None,
    around: str | int = "1Mb",
    dataset: "Dataset | None" = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the genome round a gene: the peaks that each method chose, a line a method.

    The darker a peak, the more of the method's repetitions chose it. Peaks further off and on
    other chromosomes are counted at the right.

    Parameters
    ----------
    runs
        See `overview`; of single cells.
    target
        ``"CELL_TYPE:GENE"``; may be left out where there is one.
    L
        Size of the subset; the largest where None.
    around
        How far to both sides of the gene: ``"1Mb"``, or base pairs.
    dataset
        What was explained: then the share of the target's cells in which each peak is open is
        drawn too and, of a simulation, the peaks that truly regulate the gene.
    ax
        To draw on; new ones where None.

    Raises
    ------
    XbenchError
        Several targets, or none so called; or it is not known where the gene lies.

    Examples
    --------
    >>> import xbench
    >>> tracks(xbench.run("quick", methods=["random"]))
    Traceback (most recent call last):
    xbench.errors.XbenchError: 8:3: it is not known where the gene lies; give the data with \
coordinates, or --gtf
    """
    from xbench.data.candidates import window_of

    records, _ = _records_and_tasks(runs)
    room = _room()
    view = room.track_view(records, target, L, window_of(around))
    known: list[Place] = []
    shares: list[tuple[Place, float]] = []
    if dataset is not None:
        known, shares = _of_dataset(dataset, view.target)
    axes: Axes = room.draw_tracks(view, known=known, open_shares=shares, axes=ax)
    return axes


def _of_dataset(
    dataset: "Dataset", explained: tuple[str, str]
) -> "tuple[list[Place], list[tuple[Place, float]]]":
    """Return the places that truly regulate a gene, where that is known, and open shares."""
    from xbench.analysis.surroundings import place_of, surroundings

    around = surroundings(dataset, *explained)
    shares = []
    for index in around.level.nonzero()[0]:
        place = place_of(dataset.features.interval(int(index)))
        if place is not None and around.gene is not None and place[0] == around.gene.chrom:
            shares.append((place, float(around.level[index])))
    places = [place_of(dataset.features.interval(one.feature)) for one in around.truth or ()]
    return [place for place in places if place is not None], shares


def _records_and_tasks(runs: Any) -> "tuple[list[Record], dict[str, Task]]":
    from xbench.benchmark.task import load_task
    from xbench.registry.find import entries
    from xbench.results.frames import records_of

    own = {runs.task.name: runs.task} if hasattr(runs, "to_frame") else {}
    records = records_of(runs.to_frame() if own else runs)
    registered = {entry.name for entry in entries("task")}
    names = {record.task for record in records} & registered - set(own)
    return records, {**own, **{name: load_task(name) for name in names}}


def _room() -> Any:
    """Return the leaderboard's room of plots, through its name: no other room knows that one."""
    try:
        importlib.import_module("matplotlib")
    except ImportError as error:
        what = "matplotlib is not here; install the extra: pip install 'xbench-explain[figures]'"
        raise XbenchError(f"xbench.plot: {what}") from error
    return importlib.import_module("xbench.leaderboard.plots")
