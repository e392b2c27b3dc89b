"""GRIDS: learnable subset perturbations by coordinate descent (paper, Section 3.2)."""

import math
from typing import Literal, NamedTuple

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from xbench import Explainer, MaskedPopulation, Problem, Selection
from xbench.explainers.search import beam_search, drawn_outside, smallest


class Step(NamedTuple):
    """An update of one position, or of all of them by beam search (then of many `trials`)."""

    subset: np.ndarray
    loss: float
    changed: bool
    trials: int = 1


class Descent(NamedTuple):
    """Where one start has led, and how."""

    subset: np.ndarray
    trace: list[dict[str, float]]


class Grids(Explainer):
    """Coordinate descent over a subset, guided by gradients (GRIDS, Liu et al.).

    Step t works on position t mod L. First-order descent values (Eq. 14) name `candidates`
    features; each is tried exactly in that position on the batch, and the best takes it. Every
    row of the paper's T orders candidates alike but for its own present index: T is never built.

    Parameters
    ----------
    steps
        Trials of one position (protocol: 500), at each start.
    batch_size
        Training cells in a step (protocol: 64); 0 for the whole population.
    candidates
        k, features tried in a step (protocol: 32).
    keep_present
        Always try the present index too. The reference tries it only when it is among the top k,
        and so may replace it by something worse; False repeats that (guided coordinate updates
        only).
    choose
        ``"last"`` iterate (the reference), or the iterate that is ``"best-on-validation"``
        among those at the end of each sweep.
    start
        ``"random"`` features (the paper), or the L with the best one-shot ``"gradient-change"``.
    candidate_choice
        Candidates by ``"gradient"``, or at ``"random"``: the control for Eq. 14. The gradient is
        then not asked; one more candidate is tried in place of its forward pass, and the present
        index always, so that a step has k + 2 forward evaluations a cell, the most that a guided
        one has (k + 1 where the present index is in the top k).
    update
        ``"coordinate"``: one position in a step. ``"beam"``: all positions in turn on one batch,
        by beam search among the candidates of one gradient; each position tried in each subset of
        the beam counts as a step. That T stays as it is during an update and that subsets are
        compared by exact losses is our reading of the paper, which gives no details.
    width
        Subsets kept by beam search at each position.
    restarts
        Further random starts, of `steps` each; the best on validation is returned.
    """

    name = "grids"
    finds_linear_optimum = True
    steps: PositiveInt = 500
    batch_size: NonNegativeInt = 64
    candidates: PositiveInt = 32
    keep_present: bool = True
    choose: Literal["last", "best-on-validation"] = "last"
    start: Literal["random", "gradient-change"] = "random"
    candidate_choice: Literal["gradient", "random"] = "gradient"
    update: Literal["coordinate", "beam"] = "coordinate"
    width: PositiveInt = 4
    restarts: NonNegativeInt = 0

    def __post_init__(self) -> None:
        if self.restarts and self.start != "random":
            raise ValueError(f"restarts {self.restarts} must be 0 where start is {self.start!r}")
        if self.update == "beam" and self.candidate_choice == "random":
            raise ValueError("candidate_choice 'random' must go with update 'coordinate'")

    def explain(self, problem: Problem) -> Selection:
        """Descend from each start; of several results the best on validation is returned."""
        generator = problem.generator()
        ends: list[Descent] = []
        for left in reversed(range(1 + self.restarts)):
            ends.append(self._descend(problem, generator))
            if left and problem.exhausted():
                break
        if not self.restarts:
            return Selection(ends[0].subset, trace=ends[0].trace)
        losses = problem.validation.losses([end.subset for end in ends])
        trace = [
            {"start": number, **entry} for number, end in enumerate(ends) for entry in end.trace
        ]
        return Selection(ends[int(np.argmin(losses))].subset, trace=trace)

    def _descend(self, problem: Problem, generator: np.random.Generator) -> Descent:
        """Take steps from one start; stop early when nothing changes any more.

        Nothing changed in a full sweep of the positions; in batches, also not in as many steps as
        it takes to see about as many cells as there are. Random candidates are new ones each time,
        so that all steps are taken.
        """
        population, size = problem.population, problem.subset_size
        one_position = self.update == "coordinate"
        seen_all = math.ceil(population.n_cells / (self.batch_size or np.inf))
        settled = max(size if one_position else 1, seen_all)
        subset = self._first(problem, generator)
        trace: list[dict[str, float]] = []
        sweeps: list[tuple[float, np.ndarray]] = []
        unchanged = number = 0
        done = False
        while not done:
            batch = self._batch(population, generator)
            if one_position:
                step = self.step(batch, subset, number % size, generator)
            else:
                step = self._beam(problem, batch, subset, self.steps - number)
            subset = step.subset
            trace.append({"step": number, "loss": step.loss, "changed": float(step.changed)})
            number += step.trials
            unchanged = 0 if step.changed else unchanged + 1
            done = number >= self.steps or (self._is_guided and unchanged == settled)
            done = done or problem.exhausted()
            end_of_sweep = number % size == 0 or not one_position
            # Once settled, the subset is that of the last end of a sweep.
            end_of_sweep = end_of_sweep or (done and unchanged < settled)
            if self.choose == "best-on-validation" and end_of_sweep:
                sweeps.append((float(problem.validation.losses([subset])[0]), subset))
        if sweeps:
            subset = min(sweeps, key=lambda sweep: sweep[0])[1]
        return Descent(subset, trace)

    def step(
        self,
        population: MaskedPopulation,
        subset: np.ndarray,
        position: int,
        generator: np.random.Generator | None = None,
    ) -> Step:
        """Replace the index at `position` by the best candidate on `population`.

        Parameters
        ----------
        population
            A batch, or all cells.
        subset
            L distinct features.
        position
            Which of them is replaced.
        generator
            Draws the candidates where they are random.

        Returns
        -------
        Step
            The new subset, the mean loss it has on the batch, and whether it changed.
        """
        present = subset[position]
        if self._is_guided:
            descent = population.descent(subset)
            # The other positions' features may not enter twice: the subset would shrink.
            descent[np.delete(subset, position)] = np.inf
            tried = smallest(descent, min(self.candidates, len(descent) - len(subset) + 1))
        elif generator is not None:
            tried = drawn_outside(generator, population.n_features, subset, self.candidates + 1)
        else:
            raise ValueError("candidate_choice 'random' must be given a generator")
        keep = self.keep_present or not self._is_guided
        if keep and present not in tried:
            tried = np.append(tried, present)
        losses = population.swap_losses(subset, position, tried)
        best = tried[np.argmin(losses)]
        if keep and losses[tried == present][0] <= losses.min():
            best = present
        updated = subset.copy()
        updated[position] = best
        return Step(updated, float(losses.min()), bool(best != present))

    def _beam(
        self, problem: Problem, batch: MaskedPopulation, subset: np.ndarray, trials: int
    ) -> Step:
        """Rewrite the whole subset; all positions share the candidates of one gradient."""
        found = beam_search(
            batch,
            subset,
            np.argsort(batch.descent(subset), kind="stable"),
            candidates=self.candidates,
            width=self.width,
            trials=trials,
            stop=problem.exhausted,
        )
        changed = not np.array_equal(found.subset, subset)
        return Step(found.subset, found.loss, changed, found.trials)

    @property
    def _is_guided(self) -> bool:
        return self.candidate_choice == "gradient"

    def _first(self, problem: Problem, generator: np.random.Generator) -> np.ndarray:
        if self.start == "gradient-change":
            return smallest(problem.population.descent(), problem.subset_size)
        return generator.choice(problem.n_features, problem.subset_size, replace=False)

    def _batch(
        self, population: MaskedPopulation, generator: np.random.Generator
    ) -> MaskedPopulation:
        if not 0 < self.batch_size < population.n_cells:
            return population
        return population.batch(
            generator.choice(population.n_cells, self.batch_size, replace=False)
        )
