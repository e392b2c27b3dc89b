"""The budget every method is charged by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class EvaluationCounts:
    """Evaluations of the surrogate, in cells.

    `forward` and `gradient` count what was asked: a black box without our shortcuts would have
    to be evaluated this often, so they are equal for the additive and the dense operator, on every
    machine. `computed` counts the cells that really went through the surrogate's tail.

    Examples
    --------
    >>> counts = EvaluationCounts()
    >>> counts.add(forward=64, computed=10)
    >>> counts.forward, counts.computed
    (64, 10)
    """

    forward: int = 0
    gradient: int = 0
    computed: int = 0

    def add(self, forward: int = 0, gradient: int = 0, computed: int = 0) -> None:
        """Charge evaluations."""
        self.forward += forward
        self.gradient += gradient
        self.computed += computed
