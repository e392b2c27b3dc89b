"""Models whose features act as gates do: small enough to try every subset; no test lives here."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from xbench.explainers.explainer import Problem
from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Surrogate

from ..toys import make_problem

Formula = Callable[[Tensor], Tensor]


class Gates(Surrogate):
    """F(x) = a formula of the features; hidden sums are the features themselves, a block each."""

    name = "gates"

    def __init__(self, n_features: int, formula: Formula) -> None:
        super().__init__()
        self.n_features, self.formula = n_features, formula

    def additive_layer(self) -> AdditiveLayer:
        ones, zeros = torch.ones(self.n_features, 1), torch.zeros(self.n_features, 1)
        return AdditiveLayer(ones, zeros, np.arange(self.n_features + 1))

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        return self.formula(sums[:, :, 0])[:, None]

    def forward(self, x: Tensor) -> Tensor:
        return self.formula(x)[:, None]


def both_needed(x: Tensor) -> Tensor:
    """Features 0 and 1 act only together: masking one is masking both. Feature 2 acts alone."""
    return 3 * x[:, 0] * x[:, 1] + 2 * x[:, 2] + 0.5 * x[:, 3]


def either_is_enough(x: Tensor) -> Tensor:
    """Features 0 and 1 stand in for each other: only masking both changes anything of them."""
    return 3 * torch.maximum(x[:, 0], x[:, 1]) + x[:, 2] + 0.5 * x[:, 3]


def gates(formula: Formula, subset_size: int, n_features: int = 6, seed: int = 0) -> Problem:
    """Two cells in which every feature is open."""
    inputs = np.ones((2, n_features), dtype=np.float32)
    return make_problem(Gates(n_features, formula), inputs, subset_size, seed=seed)


def best_subset(problem: Problem) -> tuple[int, ...]:
    """The subset of the lowest mean loss, by trying all of them."""
    subsets = list(combinations(range(problem.n_features), problem.subset_size))
    return subsets[int(np.argmin(problem.population.losses(subsets)))]
