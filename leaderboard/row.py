"""One line of the tidy results: a number, its interval, and what stands behind it.

What the leaderboard needs to know of a task; any object with these attributes will do.

What to say of runs that gave no number: never a zero, never nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import pandas as pd

from xbench.utils.text import plain

"""Cell type or target of a row that sums up all of them."""


class TidyRow(NamedTuple):
    """A quantity of one method on one target, or its mean over targets.

    Parameters
    ----------
    task, dataset, surrogate
        What was explained.
    cell_type, target
        Where; ``"*"`` as target for the mean over a cell type's targets, ``"*"`` as both for the
        mean over the cell types.
    method
        Label of the method.
    L
        Number of features masked.
    metric
        Name of the metric, cost or count.
    unit, direction
        Unit of the value, and which values are better: ``"lower"``, ``"higher"`` or ``"none"``.
    mean, low, high
        Mean and 95% interval; NaN where there is none. For counts of runs: the total.
    n
        Number of successful runs behind the row.
    status
        ``"ok"``, ``"ok (2 of 3)"``, ``"11 of 13 targets"``, ``"failed: reason"`` and so on.
    runs
        Ids of the runs behind the row of one target, by spaces; empty for a mean over targets,
        which is that of the rows of its targets.
    """

    task: str
    dataset: str
    surrogate: str
    cell_type: str
    target: str
    method: str
    L: int
    metric: str
    unit: str
    direction: str
    mean: float
    low: float
    high: float
    n: int
    status: str
    runs: str = ""

    @property
    def place(self) -> tuple[str, str, str, str, str, str, int, str]:
        """What identifies the row; rows are kept in this order.

        ``"*"`` sorts before letters and digits, so that means come before what they sum up.
        """
        return (
            self.task,
            self.dataset,
            self.surrogate,
            self.cell_type,
            self.target,
            self.method,
            self.L,
            self.metric,
        )


def to_frame(rows: Iterable[TidyRow]) -> pd.DataFrame:
    """Return rows as a data frame, sorted, with the same columns and types even when empty.

    Examples
    --------
    >>> list(to_frame([]).columns[-5:])
    ['low', 'high', 'n', 'status', 'runs']
    """
    ordered = sorted(rows, key=lambda row: row.place)
    frame = pd.DataFrame(ordered, columns=list(TidyRow._fields))
    return frame.astype({"L": int, "n": int, "mean": float, "low": float, "high": float})


def from_frame(frame: pd.DataFrame) -> list[TidyRow]:
    """Return a tidy data frame's rows, in its order.

    Examples
    --------
    >>> from_frame(to_frame([]))
    []
    """
    names = list(TidyRow._fields)
    return [TidyRow(*values) for values in frame[names].itertuples(index=False, name=None)]


class TargetLike(Protocol):
    """Outputs explained for one cell type."""

    @property
    def cell_type(self) -> str:
        """Cell type or class, as in the task file."""

    @property
    def outputs(self) -> Sequence[str]:
        """Genes or classes, as in the task file."""


class TaskLike(Protocol):
    """A task as its file declares it."""

    @property
    def title(self) -> str:
        """Heading of its tables."""

    @property
    def description(self) -> str:
        """What it asks, in a few sentences."""

    @property
    def metrics(self) -> Sequence[str]:
        """Names of its metrics, in the order of the columns."""

    @property
    def primary_metric(self) -> str:
        """Name of the metric that ranks the methods."""

    @property
    def layout(self) -> str:
        """``"table1"`` or ``"ranked"``."""

    @property
    def subset_sizes(self) -> Sequence[int]:
        """The L of its runs."""

    @property
    def method_labels(self) -> Sequence[str]:
        """Labels of its methods, in the order of the columns."""

    @property
    def targets(self) -> Sequence[TargetLike]:
        """What is explained, cell type by cell type."""


def declared_first(declared: Iterable[str], found: Iterable[str]) -> list[str]:
    """Return the names found: declared ones in their order, then the others by name.

    Examples
    --------
    >>> declared_first(["random", "lime", "grids"], {"grids", "mine", "random"})
    ['random', 'grids', 'mine']
    """
    known = [name for name in dict.fromkeys(declared) if name in set(found)]
    return known + sorted(set(found) - set(known))


_LONGEST_REASON = 200
_WORST_FIRST = ("failed", "oom", "timeout", "skipped")
_WORDS = {"oom": "out of memory"}


def reason_of(record: Mapping[str, Any]) -> str:
    """Return status and reason of a run, on one line.

    Examples
    --------
    >>> reason_of({"status": "skipped", "reason": "no gene coordinates"})
    'skipped: no gene coordinates'
    """
    reason = plain(record.get("reason") or "no reason recorded", _LONGEST_REASON)
    return f"{record['status']}: {reason}"


def worst(reasons: Sequence[str]) -> str:
    """Return the gravest of several reasons, the first among equals; ``"ok"`` without any.

    Examples
    --------
    >>> worst(["skipped: no coordinates", "timeout: 600 s", "timeout: 601 s"])
    'timeout: 600 s'
    """

    def gravity(reason: str) -> int:
        kind = reason.split(":")[0]
        return _WORST_FIRST.index(kind) if kind in _WORST_FIRST else 0

    return min(reasons, key=gravity, default="ok")


def value_status(values: int, runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the status of a number that `values` of the runs gave.

    Examples
    --------
    >>> value_status(1, [{"status": "ok"}, {"status": "failed", "reason": "bug"}])
    'ok (1 of 2)'
    >>> value_status(0, [{"status": "failed", "reason": "bug"}])
    'failed: bug'
    """
    if values:
        return "ok" if values == len(runs) else f"ok ({values} of {len(runs)})"
    reasons = [reason_of(record) for record in runs if record["status"] != "ok"]
    if len(reasons) < len(runs):
        return f"no value: {len(runs) - len(reasons)} of {len(runs)} runs ok, none has this number"
    return worst(reasons)


def mean_status(
    present: int, expected: int, statuses: Sequence[str], values: int, runs: int
) -> str:
    """Return the status of a mean over targets, of which `present` of `expected` have a value.

    Examples
    --------
    >>> mean_status(11, 13, ["ok"] * 11, 33, 33)
    '11 of 13 targets'
    >>> mean_status(0, 2, ["skipped: no coordinates", "failed: bug"], 0, 6)
    'failed: bug'
    """
    if not present:
        return worst(statuses)
    if present < expected:
        return f"{present} of {expected} targets"
    return "ok" if values == runs else f"ok ({values} of {runs})"


def word(status: str) -> str:
    """Return what a table shows in the place of a number.

    Examples
    --------
    >>> word("oom: 12 GiB asked for"), word("skipped: no coordinates")
    ('out of memory', 'skipped')
    """
    kind = status.split(":")[0]
    return _WORDS.get(kind, kind)
