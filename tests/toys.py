"""Toy models with known answers, and small random ones; no test lives here."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.data.dataset import Target
from xbench.mask import DensePopulation
from xbench.mask.objective import OBJECTIVES, wanted_outputs
from xbench.surrogates.cross_modality import CrossModality
from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Surrogate
from xbench.testing.toys import LinearToy as LinearToy
from xbench.testing.toys import make_problem as make_problem

Inputs: TypeAlias = sp.csr_matrix | np.ndarray


class InteractingToy(Surrogate):
    """Hidden sums, squared, multiplied across blocks: masking two features is not masking each."""

    name = "interacting-toy"

    def __init__(self, sizes: list[int], seed: int = 0, n_hidden: int = 3) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        blocks = len(sizes)
        self.weight = nn.Parameter(torch.randn(sum(sizes), n_hidden, generator=generator))
        self.offset = nn.Parameter(torch.randn(blocks, n_hidden, generator=generator))
        self.first = nn.Parameter(torch.randn(blocks * n_hidden, 5, generator=generator))
        self.last = nn.Parameter(torch.randn(5, 2, generator=generator))
        self.boundaries = np.concatenate([[0], np.cumsum(sizes)])

    def additive_layer(self) -> AdditiveLayer:
        return AdditiveLayer(self.weight.detach(), self.offset.detach(), self.boundaries)

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        flat = sums.flatten(1)
        hidden = torch.tanh(flat @ self.first / 3)
        result = hidden @ self.last + (hidden**2)[:, :2] * hidden[:, 2:4]
        return result if outputs is None else result[:, outputs]

    def forward(self, x: Tensor) -> Tensor:
        edges = self.boundaries
        sums = [x[:, a:b] @ self.weight[a:b] for a, b in pairwise(edges)]
        return self.tail(torch.stack(sums, dim=1) + self.offset)


def random_cross_modality(
    sizes: list[int], n_outputs: int = 6, seed: int = 0, **options: object
) -> CrossModality:
    """Random weights and random batch statistics, in evaluation mode, not folded."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = CrossModality(sizes, n_outputs, **options)  # type: ignore[arg-type]
        model.encoder.offset.normal_()
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias)
                module.running_mean.normal_()  # type: ignore[union-attr]
                module.running_var.uniform_(0.5, 3)  # type: ignore[union-attr]
            if isinstance(module, nn.PReLU):
                nn.init.uniform_(module.weight, 0.1, 0.4)
        # Most outputs away from the kink of max(0, .).
        nn.init.uniform_(model.decoder[-1].bias, 2, 4)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model.eval()


def random_inputs(
    n_cells: int, n_features: int, seed: int = 0, *, binary: bool = True, density: float = 0.35
) -> np.ndarray:
    """Dense inputs with an empty cell, a full cell, and a feature that no cell has."""
    generator = np.random.default_rng(seed)
    x = (generator.random((n_cells, n_features)) < density).astype(np.float32)
    if n_cells > 2:
        x[0], x[1] = 0, 1
    x[:, n_features // 2] = 0
    if not binary:
        x *= generator.uniform(0.1, 2, x.shape).astype(np.float32)
    return x


def messy_csr(x: np.ndarray, seed: int = 0) -> sp.csr_matrix:
    """The same numbers in CSR with unsorted indices and explicit zeros."""
    generator = np.random.default_rng(seed)
    indices, data, pointers = [], [], [0]
    for row in x:
        stored = np.flatnonzero((row != 0) | (generator.random(len(row)) < 0.3))
        generator.shuffle(stored)
        indices.append(stored)
        data.append(row[stored])
        pointers.append(pointers[-1] + len(stored))
    parts = (np.concatenate(data), np.concatenate(indices), np.array(pointers))
    return sp.csr_matrix(parts, shape=x.shape)


def dense_twin(
    model: nn.Module,
    inputs: Inputs,
    target: Target,
    objective: str = "expression",
    perturbation: float | np.ndarray = 0.0,
    chunk_cells: int | None = None,
) -> DensePopulation:
    """The same population, answered by full passes of the module's own forward."""
    return DensePopulation(
        model,
        inputs,
        OBJECTIVES[objective],
        wanted_outputs(target),
        perturbation,
        chunk_cells=chunk_cells,
    )


def masked_by_hand(x: np.ndarray, subset: object, perturbation: object) -> np.ndarray:
    """Inputs with the subset's features set to p, spelt out."""
    masked = np.array(x, dtype=np.float32)
    p = np.broadcast_to(np.asarray(perturbation, dtype=np.float32), masked.shape[1:])
    for feature in np.asarray(subset, dtype=int).reshape(-1):
        masked[:, feature] = p[feature]
    return masked


def loss_by_hand(
    model: nn.Module, x: np.ndarray, subset: object, perturbation: object = 0.0, output: int = 0
) -> float:
    """Mean output over cells with the subset masked, by one plain pass."""
    with torch.no_grad():
        out = model(torch.from_numpy(masked_by_hand(x, subset, perturbation)))
    return float(out[:, output].double().mean())


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Tiny tensors only lose by a second thread; conftest files of torch tests import this."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
