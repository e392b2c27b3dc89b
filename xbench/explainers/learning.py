"""Learning what to perturb at a price: the loss, plus a multiple of how much is perturbed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from xbench.explainers.batch_rows import batch_rows
from xbench.explainers.best_on_validation import BestOnValidation
from xbench.explainers.multiplier import Multiplier
from xbench.problem import Problem
from xbench.selection import Selection


class Perturbation(Protocol):
    """Something learned that perturbs cells."""

    def parameters(self) -> Iterable[Tensor]:
        """What is learned."""

    def trial(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Losses of some training cells, shape (rows,), and the size of what is done to them."""

    def scores(self) -> np.ndarray:
        """What has been learned about each feature, shape (d,)."""


@dataclass(frozen=True)
class PricedLearning:
    """Settings of the search for a small perturbation that lowers the loss.

    The objective is the mean loss, in standard deviations over cells, plus price x size. The size
    wanted falls by the same factor at each step, from `start_factor` times `size` at first to
    `size` in the middle, and the price follows; see `xbench.explainers.multiplier.Multiplier`.

    Parameters
    ----------
    size
        Wanted in the end: that of masking L features.
    steps, batch_size, learning_rate
        Of Adam, whose rate falls to 0; a batch of 0 is the whole population.
    start_factor
        How much more may be perturbed at first: features that stand in for each other show what
        they do only when most of them are masked.
    check_every
        Steps between two looks at the validation cells.
    """

    size: float
    steps: int
    batch_size: int
    learning_rate: float
    start_factor: float
    check_every: int = 25

    def wanted(self, step: int) -> float:
        """Size wanted at a step, numbered from 0."""
        done = min(1.0, step / max(1, self.steps // 2))
        return self.size * self.start_factor ** (1 - done)


@dataclass(frozen=True)
class FirstOrder:
    """What masking promises before anything is masked.

    Parameters
    ----------
    features
        The L features whose masking lowers the loss most to first order, best first.
    gain
        How much lower the mean loss would be without them.
    """

    features: np.ndarray
    gain: float

    @classmethod
    def of(cls, problem: Problem) -> FirstOrder:
        """Ask for one gradient a training cell."""
        descent = problem.population.descent()
        features = np.argsort(descent, kind="stable")[: problem.subset_size]
        return cls(features, float(-descent[features].clip(max=0).sum()))


def learn(
    problem: Problem,
    settings: PricedLearning,
    first: FirstOrder,
    perturbation: Perturbation,
) -> Selection:
    """Learn a perturbation; return its iterate that is best on validation cells.

    Parameters
    ----------
    problem
        Asked for its budget after each step.
    first
        Its gain for each unit of size is the price at first.
    perturbation
        Tried on some training cells in each step.
    """
    generator, n_cells = problem.generator(), problem.population.n_cells
    # A short memory of squared gradients: they change with the price.
    optimizer = torch.optim.Adam(
        perturbation.parameters(), settings.learning_rate, betas=(0.9, 0.99), fused=True
    )
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, settings.steps)
    best = BestOnValidation(problem.validation, problem.subset_size)
    spread = spread_of_losses(problem)
    multiplier = Multiplier(first.gain / settings.size / spread or 1.0)
    for step in range(settings.steps):
        losses, size = perturbation.trial(batch_rows(n_cells, settings.batch_size, generator))
        optimizer.zero_grad()
        (losses.mean() / spread + multiplier.price * size).backward()
        optimizer.step()
        schedule.step()
        multiplier.update(size.item(), settings.wanted(step))
        last = problem.exhausted() or step + 1 == settings.steps
        if last or (step + 1) % settings.check_every == 0:
            best.offer(step, perturbation.scores(), size=size.item(), price=multiplier.price)
        if last:
            break
    return best.selection()


@torch.no_grad()
def spread_of_losses(problem: Problem) -> float:
    """Standard deviation of the loss over the training cells, unmasked; 1 where it is 0."""
    unmasked = torch.zeros(problem.n_features, device=problem.device)
    return float(problem.population.relaxed_losses(unmasked).std(correction=0)) or 1.0
