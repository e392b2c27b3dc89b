"""One mask for all cells, learned by straight-through flips at a price."""

import math

import numpy as np
import torch
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor

from xbench import Explainer, Problem, Selection
from xbench.explainers.learning import FirstOrder, PricedLearning, learn
from xbench.explainers.relaxation import bounded, straight_through, too_many_pairs

# 0.95 of the draws flip a feature at the most.
BOUND = 3.0


class GlobalMask(Explainer):
    """FIMAP with logits that do not depend on the cell, and a price on the mask's size (ours).

    Feature j is masked with probability ``pi_j = sigmoid(logit_j)``, drawn anew in each cell as 0
    or 1 (so the surrogate sees nothing but masked inputs), learned by straight-through gradients.
    The objective is the mean loss plus price x expected size ``sum_j pi_j``; the price steers the
    size to L. `concrete-mask` is the other way to the same end: there the mask is between 0 and
    1, the same in all cells of a step, and its size is held at L by construction, at no price.

    A feature's score is its logit: learned to lower the loss. The least work of a step is one
    multiplication of 16 numbers forward and one backward for each open peak of its cells (308
    thousand at the paper's size), and the surrogate's tail once each way.

    Parameters
    ----------
    steps, batch_size, learning_rate
        Of Adam; a batch of 0 is the whole population.
    temperature
        Of the relaxation that gradients are taken of.
    start_factor
        Multiple of L that the size begins with.
    """

    name = "global-mask"
    steps: PositiveInt = 500
    batch_size: NonNegativeInt = 64
    learning_rate: PositiveFloat = 0.1
    temperature: PositiveFloat = 1.0
    start_factor: PositiveFloat = 4.0

    def explain(self, problem: Problem) -> Selection:
        """Learn one logit a feature."""
        size = float(problem.subset_size)
        settings = PricedLearning(
            size, self.steps, self.batch_size, self.learning_rate, self.start_factor
        )
        mask = _DrawnMask(problem, self.start_factor, self.temperature)
        return learn(problem, settings, FirstOrder.of(problem), mask)

    def skip(self, problem: Problem) -> str | None:
        """Where masking changes more (cell, feature) pairs than fit in memory."""
        return too_many_pairs(problem)


class _DrawnMask:
    """A probability for each feature, drawn in each cell."""

    def __init__(self, problem: Problem, start_factor: float, temperature: float) -> None:
        self._population, self._temperature = problem.population, temperature
        self._generator = torch.Generator().manual_seed(problem.seed % 2**63)
        self._pairs = problem.population.changing_pairs()
        share = min(0.5, start_factor * problem.subset_size / problem.n_features)
        start = math.log(share / (1 - share))
        self._logits = torch.full((problem.n_features,), start, device=problem.device)
        self._logits.requires_grad_()

    def parameters(self) -> list[Tensor]:
        return [self._logits]

    def trial(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        capped = bounded(self._logits, BOUND)
        feature = torch.from_numpy(self._pairs[rows].indices).to(capped.device)
        flips = straight_through(capped[feature], self._temperature, self._generator)
        losses = self._population.batch(rows).relaxed_pair_losses(flips)
        return losses, torch.sigmoid(capped).sum()

    def scores(self) -> np.ndarray:
        return self._logits.detach().cpu().numpy()
