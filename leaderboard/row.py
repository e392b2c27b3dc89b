"""One line of the tidy results: a number, its interval, and what stands behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

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
