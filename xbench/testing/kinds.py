"""The two kinds of problem that an explainer may be asked here: peaks and pixels."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from xbench.benchmark.explain import check_selection
from xbench.budget import Budget
from xbench.problem import Problem
from xbench.selection import Selection
from xbench.testing.toys import N_PEAKS, SIDE, peaks_problem, pixels_problem, random_surrogate
from xbench.testing.verdict import BrokenClauseError, Make


@dataclass(frozen=True)
class Kind:
    """A kind of problem.

    Parameters
    ----------
    name
        As verdicts call it.
    n_features
        d.
    make
        From L and a seed to a new problem, nothing of it charged yet.
    """

    name: str
    n_features: int
    make: Callable[[int, int], Problem]

    def problem(self, subset_size: int, seed: int = 0, budget: Budget | None = None) -> Problem:
        """Return a new problem."""
        return dataclasses.replace(self.make(subset_size, seed), budget=budget or Budget())


KINDS = (
    Kind("peaks", N_PEAKS, lambda size, seed: peaks_problem(random_surrogate(), size, seed)),
    Kind("pixels", SIDE * SIDE, pixels_problem),
)


def explained(make: Make, problem: Problem) -> Selection:
    """Let a new explainer answer, and hold it to what every selection must be.

    Raises
    ------
    BrokenClauseError
        Where it raises an error or its selection is not one of L distinct features in range.
    """
    problem.budget.start()
    try:
        selection = make().explain(problem)
        check_selection(selection, problem)
    except Exception as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise BrokenClauseError(
            f"with L = {problem.subset_size} of {problem.n_features}: {what}"
        ) from error
    return selection
