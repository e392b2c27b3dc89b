"""How the number explained moves as features are masked, one by one: areas under these curves.

All are made by the mask operator on test cells, and are for selections in an order, best first.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from xbench.metrics.metric import Metric, Outcome

# Steps of a curve at most, whatever L: a step is one pass over the test cells.
STEPS = 32


class ValueDrop(Metric):
    """Mean fall of the number explained."""

    name = "value-drop"
    label = "value drop"
    unit = "output"
    direction = "higher"
    description = "Mean fall of the number explained on test cells, in the units of the output."

    def compute(self, outcome: Outcome) -> float:
        """Return the mean fall."""
        return float(np.mean(outcome.before.astype(np.float64) - outcome.after))


class DeletionArea(Metric):
    """Area under the number explained as features are masked, best first."""

    name = "deletion-area"
    label = "deletion area"
    unit = "output"
    direction = "lower"
    description = (
        "Mean of the number explained over the steps of masking 0, 1, ... L features, best first "
        "(deletion, Petsiuk et al. 2018); of ordered subsets only."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the area, over a width of 1; None of a subset without an order."""
        if not outcome.ordered or outcome.masked is None:
            return None
        return area(curve(outcome.masked, [], outcome.indices))


class InsertionArea(Metric):
    """Area under the number explained as features are put back, best first, all others masked."""

    name = "insertion-area"
    label = "insertion area"
    unit = "output"
    direction = "higher"
    description = (
        "Mean of the number explained over the steps of putting 0, 1, ... L features back, best "
        "first, where all others stay masked (insertion, Petsiuk et al. 2018); of ordered subsets "
        "only."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the area, over a width of 1; None of a subset without an order."""
        if not outcome.ordered or outcome.masked is None:
            return None
        others = np.setdiff1d(np.arange(len(outcome.features)), outcome.indices)
        # Backwards: the last state, where the whole subset is there, is masked from its end.
        return area(curve(outcome.masked, others, outcome.indices[::-1]))


class SymmetricRelevanceGain(Metric):
    """How much sooner masking best first lowers the number than masking worst first."""

    name = "symmetric-relevance-gain"
    label = "SRG"
    unit = "output"
    direction = "higher"
    description = (
        "Deletion area of the subset worst first, less that of best first (Bluecher et al. 2024, "
        "here within the subset); near 0 for an order that says nothing; of ordered subsets only."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the difference of areas; None of a subset without an order."""
        if not outcome.ordered or outcome.masked is None:
            return None
        best, worst = outcome.indices, outcome.indices[::-1]
        return area(curve(outcome.masked, [], worst)) - area(curve(outcome.masked, [], best))


def curve(
    masked: Callable[[Any], np.ndarray],
    always: Sequence[int] | np.ndarray,
    order: Sequence[int] | np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean number explained with the first k of an order masked.

    Parameters
    ----------
    masked
        See `Outcome.masked`.
    always
        What is masked all along.
    order
        The others.

    Returns
    -------
    tuple of ndarray
        k, from 0 to the length of the order, at most `STEPS` + 1 of them; and the mean at each.

    Examples
    --------
    >>> steps, values = curve(lambda subset: np.full(2, 5.0 - len(subset)), [], [3, 1])
    >>> steps.tolist(), values.tolist()
    ([0, 1, 2], [5.0, 4.0, 3.0])
    """
    steps = np.unique(np.linspace(0, len(order), min(len(order), STEPS) + 1).round().astype(int))
    means = [np.mean(masked([*always, *order[:step]]), dtype=np.float64) for step in steps]
    return steps, np.array(means)


def area(found: tuple[np.ndarray, np.ndarray]) -> float:
    """Return the area under a curve by trapezoids, its width taken for 1.

    Examples
    --------
    >>> area((np.array([0, 1, 2]), np.array([4.0, 2.0, 0.0])))
    2.0
    """
    steps, values = found
    heights = (values[1:] + values[:-1]) / 2
    return float((heights * np.diff(steps)).sum() / (steps[-1] - steps[0]))
