"""One relaxed mask for all cells, of expected size L, hardened by a falling temperature."""

import numpy as np
import torch
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from xbench import Explainer, Problem, Selection
from xbench.explainers.learning import BestOnValidation
from xbench.explainers.relaxation import logistic_noise, shift_to_size
from xbench.explainers.search import batch_rows

# Steps between two looks at the validation cells.
CHECK_EVERY = 25


class ConcreteMask(Explainer):
    """A binary concrete mask (Maddison et al. 2017; Louizos et al. 2018) of expected size L.

    In each step one mask ``m = sigmoid((logits + shift + noise) / temperature)`` between 0 and 1
    stands for all cells, ``x + m (p - x)``, and Adam lowers the mean loss. There is no penalty: the
    shift is solved for so that ``sum_j P(m_j > 1/2) = sum_j sigmoid(logit_j + shift) = L`` in every
    step, and gradients go through it. While the temperature falls by the same factor a step, m
    turns into a subset. That is what differs from `global-mask`: relaxed, not drawn 0 or 1; one
    mask, not one a cell; size held, not paid for. Ours: the constraint (the papers penalise), the
    schedule, and the choice among iterates on validation cells.

    A feature's score is its logit: learned to lower the loss. The least work
    of a step is one multiplication of 16 numbers forward and one backward for each open peak of
    its cells (308 thousand at the paper's size), the surrogate's tail once each way, and some 15
    sums over all features for the shift.

    Parameters
    ----------
    steps, batch_size, learning_rate
        Of Adam; a batch of 0 is the whole population.
    first_temperature, last_temperature
        Of the mask.
    """

    name = "concrete-mask"
    steps: PositiveInt = 500
    batch_size: NonNegativeInt = 64
    learning_rate: PositiveFloat = 0.1
    first_temperature: PositiveFloat = 1.0
    last_temperature: PositiveFloat = 0.1

    def explain(self, problem: Problem) -> Selection:
        """Learn one logit a feature."""
        if problem.subset_size == problem.n_features:
            # In no order: what is not learned says nothing of smaller subsets.
            return Selection(np.arange(problem.n_features))
        population, rows_from = problem.population, problem.generator()
        generator = torch.Generator().manual_seed(problem.seed % 2**63)
        logits = torch.zeros(problem.n_features, device=problem.device, requires_grad=True)
        optimizer = torch.optim.Adam([logits], self.learning_rate, fused=True)
        best = BestOnValidation(problem.validation, problem.subset_size)
        for step in range(self.steps):
            shifted = logits + shift_to_size(logits, problem.subset_size)
            noisy = shifted + logistic_noise(shifted, generator)
            mask = torch.sigmoid(noisy / self.temperature(step))
            rows = batch_rows(population.n_cells, self.batch_size, rows_from)
            loss = population.batch(rows).relaxed_losses(mask).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            last = problem.exhausted() or step + 1 == self.steps
            if last or (step + 1) % CHECK_EVERY == 0:
                best.offer(step, logits.detach().cpu().numpy())
            if last:
                break
        return best.selection()

    def temperature(self, step: int) -> float:
        """Temperature at a step, numbered from 0."""
        done = step / max(1, self.steps - 1)
        return self.first_temperature * (self.last_temperature / self.first_temperature) ** done
