"""What masking a selection did on test cells: all that a metric looks at."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from xbench.data.features import Features
from xbench.data.target import Target


class KnownTruth(Protocol):
    """What is known about a target apart from any surrogate, such as a simulation's own F."""

    def optimality(self, indices: np.ndarray) -> float | None:
        """Return the true drop, relative to the largest of as many features; None where none."""

    def module_recall(self, indices: np.ndarray) -> float:
        """Return the share of the target's own modules whose features are all among `indices`."""

    def precision(self, indices: np.ndarray) -> float:
        """Return the share of `indices` that regulate the target."""

    @property
    def cres(self) -> np.ndarray:
        """The features that regulate the target."""


@dataclass(frozen=True)
class Outcome:
    """What masking a selection did on test cells.

    Parameters
    ----------
    before, after
        The number explained for each test cell, shape (n,).
    indices
        The selected features, shape (L,).
    features
        All features.
    target
        What was explained.
    truth
        How the target is really regulated in the test cells; None where it is not known.

    Examples
    --------
    >>> features, target = Features(["a", "b"]), Target("VIP", "GAD1", 0)
    >>> outcome = Outcome(np.ones(3), np.zeros(3), np.array([1]), features, target)
    >>> outcome.distances is None
    True
    """

    before: np.ndarray
    after: np.ndarray
    indices: np.ndarray
    features: Features
    target: Target
    truth: KnownTruth | None = None

    @cached_property
    def distances(self) -> np.ndarray | None:
        """Base pairs from each feature to the target; None without coordinates of both."""
        if self.target.interval is None or not self.features.has_coordinates:
            return None
        return self.features.distance_to(self.target.interval)
