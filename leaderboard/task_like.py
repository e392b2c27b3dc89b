"""What the leaderboard needs to know of a task; any object with these attributes will do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol


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
