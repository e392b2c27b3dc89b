"""Learning what to perturb at a price: the loss, plus a multiple of how much is perturbed.

The price is learned with everything else, and one of the iterates is chosen in the end.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from xbench.explainers.explainer import Problem
from xbench.explainers.search import batch_rows
from xbench.explainers.selection import Selection
from xbench.explainers.wide_table import divided
from xbench.mask.population import MaskedPopulation

# Of Adam: a short memory of squared gradients, since they change with the price.
BETAS = (0.9, 0.99)


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
    `size` in the middle, and the price follows; see `xbench.explainers.learning.Multiplier`.

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
    def of(cls, problem: Problem) -> "FirstOrder":
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
    tables, others = divided(perturbation.parameters())
    optimizer = torch.optim.Adam(others, settings.learning_rate, betas=BETAS, fused=True)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, settings.steps)
    best = BestOnValidation(problem.validation, problem.subset_size)
    spread = spread_of_losses(problem)
    multiplier = Multiplier(first.gain / settings.size / spread or 1.0)
    for step in range(settings.steps):
        losses, size = perturbation.trial(batch_rows(n_cells, settings.batch_size, generator))
        optimizer.zero_grad()
        (losses.mean() / spread + multiplier.price * size).backward()
        for table in tables:
            table.step(float(schedule.get_last_lr()[0]), BETAS)
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


@dataclass
class Multiplier:
    """A price that rises while a size is above what is wanted, and falls below.

    Multiplicative dual ascent with damping: ``level <- level * ratio^rate`` remembers,
    ``price = level * ratio^pull`` reacts at once (an augmented Lagrangian's term), where ratio is
    size / wanted. Dual ascent alone (a pull of 0) swings by orders of magnitude, since what is
    learned follows the price only after many steps.

    Parameters
    ----------
    level
        Price at which the size would stay as it is; above 0.
    rate, pull
        Exponents; see above.

    Examples
    --------
    >>> multiplier = Multiplier(level=2.0, rate=0.5, pull=1.0)
    >>> multiplier.update(size=40.0, wanted=10.0)
    >>> multiplier.level, multiplier.price
    (4.0, 16.0)
    """

    level: float
    rate: float = 0.1
    pull: float = 4.0

    def __post_init__(self) -> None:
        self.price = self.level

    def update(self, size: float, wanted: float) -> None:
        """Take one step; sizes are not negative, `wanted` is positive."""
        # Bounded, so that a size that is off by orders at the start does not decide for good.
        ratio = min(max(size / wanted, 0.1), 10.0)
        self.level *= ratio**self.rate
        self.price = self.level * ratio**self.pull


@dataclass
class BestOnValidation:
    """Keeps the scores whose first L features lower the loss most over validation cells.

    Between equals the later one is kept, which has learned for longer.

    Parameters
    ----------
    validation
        Cells that are not learned from.
    subset_size
        L.
    trace
        A dictionary for each offer: its step, the validation loss, and what else was said.

    Examples
    --------
    >>> import torch
    >>> from xbench.mask import masked_population
    >>> from xbench.mask.objective import OBJECTIVES
    >>> from xbench.data.dataset import Target
    >>> model, cells = torch.nn.Identity(), np.array([[3.0, 1.0, 2.0]])
    >>> target, objective = Target("all", "first", 0), OBJECTIVES["expression"]
    >>> best = BestOnValidation(masked_population(model, cells, target, objective), 1)
    >>> best.offer(0, np.array([0.9, 0.5, 0.1]))
    >>> best.offer(1, np.array([0.1, 0.5, 0.9]))
    >>> best.selection().indices, best.trace[0]["loss"]
    (array([0]), 0.0)
    """

    validation: MaskedPopulation
    subset_size: int
    trace: list[dict[str, float]] = field(default_factory=list)
    _best: tuple[float, Selection] | None = None

    def offer(self, step: int, scores: np.ndarray, **numbers: float) -> None:
        """Try the first L features by `scores`, shape (d,), the higher the better."""
        selection = Selection.from_scores(scores, self.subset_size)
        loss = float(self.validation.losses([selection.indices])[0])
        self.trace.append({"step": step, "loss": loss, **numbers})
        if self._best is None or loss <= self._best[0]:
            self._best = (loss, selection)

    def selection(self) -> Selection:
        """Return the best so far, with the trace; not nested: it is made for this L.

        Raises
        ------
        ValueError
            Before anything was offered.
        """
        if self._best is None:
            raise ValueError("no scores were offered")
        return replace(self._best[1], nested=False, trace=self.trace)
