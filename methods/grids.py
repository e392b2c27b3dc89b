"""GRIDS: learnable subset perturbations by coordinate descent (paper, Section 3.2)."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np

from xbench import Explainer, MaskedPopulation, Problem, Selection

CHOICES = ("last", "best-on-validation")


class Step(NamedTuple):
    """One update of one position."""

    subset: np.ndarray
    loss: float
    changed: bool


class Grids(Explainer):
    """Coordinate descent over a subset, guided by gradients (GRIDS, Liu et al.).

    Step t works on position t mod L. First-order descent values (Eq. 14) name `candidates`
    features; each is tried exactly in that position on the batch, and the best takes it. Every
    row of the paper's T orders candidates alike but for its own present index: T is never built.

    Parameters
    ----------
    steps
        Updates of one position (protocol: 500).
    batch_size
        Training cells in a step (protocol: 64); 0 for the whole population.
    candidates
        k, features tried in a step (protocol: 32).
    keep_present
        Always try the present index too. The reference tries it only when it is among the top k,
        and so may replace it by something worse; False repeats that.
    choose
        ``"last"`` iterate (the reference), or the iterate that is ``"best-on-validation"``
        among those at the end of each sweep.
    """

    name = "grids"
    steps: int = 500
    batch_size: int = 64
    candidates: int = 32
    keep_present: bool = True
    choose: Literal["last", "best-on-validation"] = "last"

    def __post_init__(self) -> None:
        if self.steps < 1 or self.candidates < 1 or self.batch_size < 0:
            raise ValueError(
                f"steps {self.steps} and candidates {self.candidates} must be at least 1, "
                f"batch_size {self.batch_size} at least 0"
            )
        if self.choose not in CHOICES:
            raise ValueError(f"choose {self.choose!r}: must be one of: {', '.join(CHOICES)}")

    def explain(self, problem: Problem) -> Selection:
        """Start from L random features; stop early when nothing changes any more.

        Nothing changed in a full sweep of the positions; in batches, also not in as many steps as
        it takes to see about as many cells as there are.
        """
        generator = problem.generator()
        size = problem.subset_size
        settled = max(size, math.ceil(problem.population.n_cells / (self.batch_size or np.inf)))
        subset = generator.choice(problem.n_features, size, replace=False)
        trace: list[dict[str, float]] = []
        sweeps: list[tuple[float, np.ndarray]] = []
        unchanged = 0
        for number in range(self.steps):
            step = self.step(self._batch(problem.population, generator), subset, number % size)
            subset = step.subset
            trace.append({"step": number, "loss": step.loss, "changed": float(step.changed)})
            unchanged = 0 if step.changed else unchanged + 1
            end_of_sweep = (number + 1) % size == 0 or number + 1 == self.steps
            if self.choose == "best-on-validation" and end_of_sweep:
                sweeps.append((float(problem.validation.losses([subset])[0]), subset))
            if unchanged == settled:
                break
        if sweeps:
            subset = min(sweeps, key=lambda sweep: sweep[0])[1]
        return Selection(subset, trace=trace)

    def step(self, population: MaskedPopulation, subset: np.ndarray, position: int) -> Step:
        """Replace the index at `position` by the best candidate on `population`.

        Returns
        -------
        Step
            The new subset, the mean loss it has on the batch, and whether it changed.
        """
        present = subset[position]
        descent = population.descent(subset)
        # The other positions' features may not enter twice: the subset would shrink.
        descent[np.delete(subset, position)] = np.inf
        tried = _smallest(descent, min(self.candidates, len(descent) - len(subset) + 1))
        if self.keep_present and present not in tried:
            tried = np.append(tried, present)
        losses = population.swap_losses(subset, position, tried)
        best = tried[np.argmin(losses)]
        if self.keep_present and losses[tried == present][0] <= losses.min():
            best = present
        updated = subset.copy()
        updated[position] = best
        return Step(updated, float(losses.min()), bool(best != present))

    def _batch(
        self, population: MaskedPopulation, generator: np.random.Generator
    ) -> MaskedPopulation:
        if not 0 < self.batch_size < population.n_cells:
            return population
        return population.batch(
            generator.choice(population.n_cells, self.batch_size, replace=False)
        )


def _smallest(values: np.ndarray, count: int) -> np.ndarray:
    """Indices of the `count` smallest values, smallest first; ties go to the lower index."""
    if count < len(values):
        pool = np.flatnonzero(values <= np.partition(values, count - 1)[count - 1])
    else:
        pool = np.arange(len(values))
    return pool[np.argsort(values[pool], kind="stable")][:count]
