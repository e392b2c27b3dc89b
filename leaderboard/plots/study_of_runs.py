"""The one study that runs belong to, and what of it is drawn."""

from collections.abc import Iterable, Mapping

from xbench.errors import XbenchError, unknown_name
from xbench.results.record import Record

from ..formats import Table
from ..study import Study, studies
from ..tables import ranked, table1
from ..tidy import TaskLike, tidy


def only_study(records: Iterable[Record], tasks: Mapping[str, TaskLike]) -> Study:
    """Return the study of runs: one task on one dataset and surrogate.

    Parameters
    ----------
    records
        Of runs.
    tasks
        By name; a task that is not there is drawn by its runs alone.

    Raises
    ------
    XbenchError
        There are no runs, or they are of several studies.

    Examples
    --------
    >>> only_study([], {})
    Traceback (most recent call last):
    xbench.errors.XbenchError: there are no runs to draw; give those of xbench.run
    """
    found = studies(tidy(records, tasks), tasks)
    if not found:
        raise XbenchError("there are no runs to draw; give those of xbench.run")
    if len(found) > 1:
        names = "; ".join(", ".join(study.place) for study in found)
        raise XbenchError(
            f"runs of {len(found)} studies ({names}): draw one, as runs[runs.task == NAME]"
        )
    return found[0]


def table_of(study: Study) -> Table:
    """Return the study's table in the layout that its task asks for."""
    return table1(study) if study.task and study.task.layout == "table1" else ranked(study)


def metric_of(study: Study, metric: str | None) -> str:
    """Return the metric asked for, or the one that ranks the study's methods.

    Raises
    ------
    XbenchError
        The runs do not have it.
    """
    if metric is None:
        return study.metrics[0]
    if metric not in study.metrics:
        raise unknown_name("metric", metric, study.metrics, study.place[0])
    return metric


def size_of(study: Study, size: int | None) -> int:
    """Return the L asked for, or the largest.

    Raises
    ------
    XbenchError
        No run has it.
    """
    if size is None:
        return study.sizes[-1]
    if size not in study.sizes:
        there = ", ".join(map(str, study.sizes))
        raise XbenchError(f"no runs with L = {size}; there are {there}")
    return size
