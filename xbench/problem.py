"""What an explainer is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from torch import Tensor

from xbench.budget import Budget
from xbench.data.features import Features
from xbench.data.target import Target
from xbench.mask.counts import EvaluationCounts
from xbench.mask.dense_chunks import dense_chunks
from xbench.mask.model import ExplainedModel
from xbench.mask.objective import OBJECTIVES, Objective
from xbench.mask.population import MaskedPopulation


@dataclass(frozen=True)
class Problem:
    """Find L features whose masking lowers the loss most over a population.

    Parameters
    ----------
    population
        The mask operator over the training cells: what most methods need, and nothing else.
    validation
        The same over the validation cells, to choose among subsets.
    model
        Dense inputs (n, d) to the number explained (n, 1), for packages such as captum.
    inputs
        Training inputs, shape (n, d), sparse or dense.
    features
        Names, and coordinates where there are any.
    target
        What is explained.
    subset_size
        L.
    perturbation
        p, shape (d,).
    seed
        The only source of randomness; see `generator`.
    device
        ``"cpu"`` or ``"cuda"``.
    observed
        What was measured for the target in the training cells, shape (n,), in the units of the
        output; None where nothing was (classification).
    budget
        What may be spent; see `exhausted`.
    objective
        What masking should lower, for packages that want a loss; `population` has it already.
    """

    population: MaskedPopulation
    validation: MaskedPopulation
    model: ExplainedModel
    inputs: sp.csr_matrix | np.ndarray
    features: Features
    target: Target
    subset_size: int
    perturbation: np.ndarray
    seed: int
    device: str = "cpu"
    observed: np.ndarray | None = None
    budget: Budget = field(default_factory=Budget)
    objective: Objective = OBJECTIVES["expression"]

    @property
    def n_features(self) -> int:
        """Number of features d."""
        return int(self.inputs.shape[1])

    @property
    def counts(self) -> EvaluationCounts:
        """Evaluations charged so far."""
        return self.population.counts

    def exhausted(self) -> bool:
        """Whether the run's budget is spent.

        An explainer that works in steps asks after each, and where the answer is True returns its
        best selection so far; the record then says that it was stopped.
        """
        return self.budget.spent(self.counts)

    def generator(self) -> np.random.Generator:
        """Return a new NumPy generator; the same numbers each time it is called."""
        return np.random.default_rng(self.seed)

    def dense_inputs(self) -> Iterator[Tensor]:
        """Return training inputs as dense float32 tensors of shape (some cells, d)."""
        return dense_chunks(self.inputs, self.device)
