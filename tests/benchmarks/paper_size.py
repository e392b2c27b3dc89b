"""A random surrogate and population of the paper's size, or a fraction of it.

Run as a program it takes GRIDS steps and prints the process' peak memory in bytes.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.data.dataset import Target
from xbench.mask import DensePopulation, MaskedPopulation, masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.registry.find import explainer_class
from xbench.surrogates.cross_modality import CrossModality

PEAKS = (
    11348, 6169, 6997, 6364, 3554, 4233, 4076, 4178, 4966, 3189, 3807, 10272, 3469, 1478, 2488,
    8367, 6290, 7655, 7203, 6950, 6250, 5547, 2245, 124,
)  # fmt: skip
N_GENES, TARGET = 3000, 5
N_CELLS, OPEN, BATCH = 700, 4811, 64


class ByProducts(nn.Module):
    """The same function of dense inputs by matrix products: no embedding of each peak exists.

    A harder baseline than the module's own forward, which embeds every peak as the paper writes it.
    """

    def __init__(self, model: CrossModality) -> None:
        super().__init__()
        self.model, self.layer = model, model.additive_layer()

    def forward(self, x: Tensor) -> Tensor:
        return self.model.tail(self.layer.sums(x))


@dataclass(frozen=True)
class Case:
    """A model and the cells it explains."""

    model: CrossModality
    inputs: sp.csr_matrix

    def ours(self, device: str = "cpu") -> MaskedPopulation:
        target = Target("all", "gene", TARGET)
        return masked_population(
            self.model, self.inputs, target, OBJECTIVES["expression"], device=device
        )

    def dense(self) -> DensePopulation:
        """Full passes of the module's forward, every peak embedded; its default chunk."""
        return DensePopulation(self.model, self.inputs, OBJECTIVES["expression"], [TARGET])

    def dense_by_products(self) -> DensePopulation:
        """Full passes, but by matrix products."""
        return DensePopulation(
            ByProducts(self.model), self.inputs, OBJECTIVES["expression"], [TARGET]
        )


def make_case(fraction: float = 1.0) -> Case:
    """Random weights and batch statistics; each cell has the paper's number of open peaks."""
    sizes = [max(1, round(fraction * size)) for size in PEAKS]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = CrossModality(sizes, N_GENES)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.running_mean.normal_()  # type: ignore[union-attr]
                module.running_var.uniform_(0.5, 30)  # type: ignore[union-attr]
        nn.init.uniform_(model.decoder[-1].bias, 2, 4)  # type: ignore[arg-type]
    return Case(model.frozen(), _population(sum(sizes), round(fraction * OPEN)))


def _population(n_features: int, n_open: int) -> sp.csr_matrix:
    """Peaks as unequal as real ones: exactly `n_open` drawn a cell by their gamma weights."""
    generator = np.random.default_rng(0)
    weight = generator.gamma(0.3, 1, n_features) + 1e-6
    # The n smallest of exponentials over weights are a weighted sample without replacement.
    rows = [
        np.sort(np.argpartition(generator.exponential(size=n_features) / weight, n_open)[:n_open])
        for _ in range(N_CELLS)
    ]
    pointers = np.arange(N_CELLS + 1) * n_open
    ones = np.ones(N_CELLS * n_open, dtype=np.float32)
    return sp.csr_matrix((ones, np.concatenate(rows), pointers), shape=(N_CELLS, n_features))


class Descent:
    """Steps of coordinate descent, one at each call, on a new batch each."""

    def __init__(self, population: MaskedPopulation, subset_size: int) -> None:
        self._population = population
        self._generator = np.random.default_rng(1)
        self._grids = explainer_class("grids")()
        self.subset = self._generator.choice(population.n_features, subset_size, replace=False)
        self.number = 0

    def rows(self) -> np.ndarray:
        return self._generator.choice(self._population.n_cells, BATCH, replace=False)

    def step(self) -> None:
        position = self.number % len(self.subset)
        batch = self._population.batch(self.rows())
        self.subset = self._grids.step(batch, self.subset, position).subset
        self.number += 1


def one_step(population: MaskedPopulation, subset: np.ndarray, position: int) -> np.ndarray:
    """Return the subset after a step on the first cells."""
    batch = population.batch(np.arange(BATCH))
    return explainer_class("grids")().step(batch, subset, position).subset


def measured(function: Callable[[], object], rounds: int) -> list[float]:
    """Seconds of each of several calls."""
    seconds = []
    for _ in range(rounds):
        started = perf_counter()
        function()
        seconds.append(perf_counter() - started)
    return seconds


if __name__ == "__main__":
    descent = Descent(make_case().ours(), int(sys.argv[1]))
    for _ in range(5):
        descent.step()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
