"""FIMAP: a network that learns the smallest perturbation of each cell that lowers its loss."""

from typing import Literal

import numpy as np
import scipy.sparse as sp
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from xbench import Explainer, Problem, Selection
from xbench.explainers.learning import FirstOrder, PricedLearning, learn
from xbench.explainers.perturbation_network import Flips, Moves
from xbench.explainers.relaxation import too_many_pairs


class Fimap(Explainer):
    """Feature importance by minimal adversarial perturbation (Chapman-Rounds et al. 2021).

    A reconstruction: the authors published no code. Known from the paper: a network g with four
    hidden layers of 100 ReLUs learns, against the frozen surrogate, to lower the loss of
    ``x + g(x)`` while |g(x)| stays small; features with large |g| matter; categories are chosen
    by a partitioned Gumbel-softmax layer. Ours:

    - *Flips* (binary inputs): a feature of a cell becomes p with probability ``pi_j(x)``, drawn
      straight-through; the score is the mean over cells of pi_j(x), 0 where x_j is p already.
    - *Moves* (other inputs): ``x + g(x)`` is clamped to the range of the data; the score is the
      mean |g_j|. It lowers the loss by construction, but what the benchmark does is *mask to p*,
      and g may do the opposite: paint pixels that masking would clear. `perturbation` = "flips"
      learns for these inputs too what is then done.
    - The price of |g| is not fixed: it steers the expected number of flips a cell (or the sum of
      |g|) to what masking the L features of largest first-order effect comes to. At a price that
      is off by a factor everything is perturbed, or nothing.
    - Inputs of g are divided by their usual length, logits stop at 3, and the iterate that is best
      on validation cells is returned.

    The least work of a step at the paper's size is 2 rows of 100 numbers for each open peak of 64
    cells (308 thousand) forward and twice that backward, 0.2 G multiplications, and Adam on 25
    million weights; the mask operator's part is a tenth of it.

    Parameters
    ----------
    steps, batch_size, learning_rate
        Of Adam; a batch of 0 is the whole population.
    temperature
        Of the relaxation that gradients of flips are taken of.
    start_factor
        Multiple of the size aimed at that learning begins with.
    perturbation
        ``"flips"``, ``"moves"``, or ``"auto"``: flips of binary inputs, moves of others.
    """

    name = "fimap"
    steps: PositiveInt = 500
    batch_size: NonNegativeInt = 64
    learning_rate: PositiveFloat = 6e-4
    temperature: PositiveFloat = 0.5
    start_factor: PositiveFloat = 1.0
    perturbation: Literal["auto", "flips", "moves"] = "auto"

    def explain(self, problem: Problem) -> Selection:
        """Learn flips or moves."""
        first = FirstOrder.of(problem)
        perturbation: Flips | Moves
        if self._kind(problem) == "flips":
            perturbation = Flips(problem, first.features, self.start_factor, self.temperature)
        else:
            perturbation = Moves(problem, first.features)
        settings = PricedLearning(
            size=perturbation.size,
            steps=self.steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            start_factor=self.start_factor,
        )
        return learn(problem, settings, first, perturbation)

    def skip(self, problem: Problem) -> str | None:
        """Where masking changes more (cell, feature) pairs than fit in memory."""
        return too_many_pairs(problem) if self._kind(problem) == "flips" else None

    def _kind(self, problem: Problem) -> str:
        if self.perturbation != "auto":
            return self.perturbation
        stored = problem.inputs.data if sp.issparse(problem.inputs) else problem.inputs
        return "flips" if np.isin(stored, (0, 1)).all() else "moves"
