"""A perceptron from a cell to a number for each of its features (FIMAP's g).

What it may do to a cell is to flip features to p, or to move them by any amount.
"""

import math
from collections.abc import Iterable

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.explainers.explainer import Problem
from xbench.explainers.relaxation import bounded, straight_through
from xbench.explainers.wide_table import Entries, WideTable
from xbench.utils.sparse import Pattern, products_at, weighted_sums


class PerturbationNetwork(nn.Module):
    """Hidden layers of ReLUs between two tables of one row a feature.

    For sparse inputs only what is not zero enters, and only that leaves: the work is a row of
    each table for each entry, whatever the number of features. The last table begins at zero,
    so that at first every output is `start`.

    Parameters
    ----------
    n_features
        Of input and output.
    length
        Usual length of an input, by which inputs are divided: however many features are open, a
        step of Adam then moves the first layer by about as much as the others.
    start
        Every output at first.
    generator
        Of the initial weights, on the CPU.
    n_hidden, n_layers
        Size and number of hidden layers, the one after the first table included.
    table
        `WideTable` for a network that learns from sparse inputs alone: on a CPU the gradients of
        both tables stay factored then.

    Examples
    --------
    >>> network = PerturbationNetwork(3, 1.0, -2.0, torch.Generator().manual_seed(0))
    >>> network(torch.eye(3)).shape, network.at_entries(sp.eye(3, format="csr")).shape
    (torch.Size([3, 3]), torch.Size([3]))
    """

    def __init__(
        self,
        n_features: int,
        length: float,
        start: float,
        generator: torch.Generator,
        n_hidden: int = 100,
        n_layers: int = 4,
        table: type[nn.Parameter] = nn.Parameter,
    ) -> None:
        super().__init__()
        self.length, self.start = length, start
        between = torch.randn(n_layers - 1, n_hidden, n_hidden, generator=generator)
        self.first = table(torch.randn(n_features, n_hidden, generator=generator))
        self.between = nn.Parameter(between * math.sqrt(2 / n_hidden))
        self.biases = nn.Parameter(torch.zeros(n_layers, n_hidden))
        self.last = table(torch.zeros(n_features, n_hidden))

    def forward(self, x: Tensor) -> Tensor:
        """Outputs for all features of dense inputs, both of shape (n, n_features)."""
        return self.start + self._hidden(x / self.length @ self.first) @ self.last.T

    def at_entries(self, x: sp.csr_matrix) -> Tensor:
        """Outputs of sparse inputs for the features that are stored, shape (entries,)."""
        amounts = torch.from_numpy(x.data.astype(np.float32) / np.float32(self.length))
        if isinstance(self.first, WideTable) and isinstance(self.last, WideTable):
            entries = Entries.of(x)
            hidden = self._hidden(self.first.sums(entries, amounts))
            return self.start + self.last.products(entries, hidden)
        pattern = Pattern.of(x)
        embedded = weighted_sums(pattern, amounts.to(self.first.device), self.first)
        return self.start + products_at(pattern, self._hidden(embedded), self.last)

    def _hidden(self, embedded: Tensor) -> Tensor:
        hidden = torch.relu(embedded + self.biases[0])
        for weight, bias in zip(self.between, self.biases[1:], strict=True):
            hidden = torch.relu(hidden @ weight + bias)
        return hidden


# A feature is flipped in 0.95 of the draws at the most.
BOUND = 3.0
# Cells that are scored at once.
CHUNK = 256


class Flips:
    """Features that a network flips to p in some cells, each with a probability of its own.

    Only (cell, feature) pairs that masking changes enter the network and leave it.

    Parameters
    ----------
    problem
        Whose training cells are perturbed.
    chosen
        Features whose masking sets the size to aim at.
    start_factor
        Multiple of that size that the probabilities begin with.
    temperature
        Of the relaxation that gradients are taken of.
    """

    def __init__(
        self, problem: Problem, chosen: np.ndarray, start_factor: float, temperature: float
    ) -> None:
        self._population, self._temperature = problem.population, temperature
        self._n_features = problem.n_features
        self._generator = torch.Generator().manual_seed(problem.seed % 2**63)
        changes = self._population.changing_pairs()
        n_cells = self._population.n_cells
        # The network has no rows for features that masking changes nowhere.
        self._features, column = np.unique(changes.indices, return_inverse=True)
        self._changes = sp.csr_matrix(
            (changes.data, column.astype(changes.indices.dtype), changes.indptr),
            shape=(n_cells, len(self._features)),
        )
        self.size = max(1, int(np.isin(changes.indices, chosen).sum())) / n_cells
        share = min(0.5, start_factor * self.size * n_cells / max(1, changes.nnz))
        length = math.sqrt(float((changes.data**2).sum()) / n_cells) or 1.0
        network = PerturbationNetwork(
            len(self._features),
            length,
            math.log(share / (1 - share)),
            self._generator,
            table=WideTable,
        )
        self._network = network.to(problem.device)

    def parameters(self) -> Iterable[Tensor]:
        """What is learned."""
        return self._network.parameters()

    def trial(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Losses of cells with flips drawn anew, and their expected number of flips a cell."""
        logits = bounded(self._network.at_entries(self._changes[rows]), BOUND)
        flips = straight_through(logits, self._temperature, self._generator)
        losses = self._population.batch(rows).relaxed_pair_losses(flips)
        return losses, torch.sigmoid(logits).sum() / len(rows)

    @torch.no_grad()
    def scores(self) -> np.ndarray:
        """Share of the cells in which each feature is expected to flip, shape (d,)."""
        total = np.zeros(len(self._features))
        for start in range(0, self._population.n_cells, CHUNK):
            cells = self._changes[start : start + CHUNK]
            share = torch.sigmoid(self._network.at_entries(cells)).cpu().numpy()
            total += np.bincount(cells.indices, share, len(self._features))
        scores = np.zeros(self._n_features)
        scores[self._features] = total / self._population.n_cells
        return scores


class Moves:
    """Amounts that a network adds to each cell; the sum is clamped to the range of the data.

    Parameters
    ----------
    problem
        Whose training cells are perturbed, as dense inputs.
    chosen
        Features whose masking sets the size to aim at.
    """

    def __init__(self, problem: Problem, chosen: np.ndarray) -> None:
        self._problem = problem
        self._inputs = torch.cat(list(problem.dense_inputs()))
        self._range = (float(self._inputs.min()), float(self._inputs.max()))
        changes = torch.tensor(problem.perturbation).to(self._inputs) - self._inputs
        masked = changes[:, torch.from_numpy(chosen).to(changes.device)].abs().sum(dim=1)
        self.size = max(float(masked.mean()), 1e-6)
        length = float(self._inputs.square().sum(dim=1).mean().sqrt()) or 1.0
        generator = torch.Generator().manual_seed(problem.seed % 2**63)
        network = PerturbationNetwork(problem.n_features, length, 0.0, generator)
        self._network = network.to(problem.device)

    def parameters(self) -> Iterable[Tensor]:
        """What is learned."""
        return self._network.parameters()

    def trial(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Losses of the moved cells, and the mean of what is added to a cell in all."""
        x = self._inputs[torch.from_numpy(rows).to(self._inputs.device)]
        added = self._network(x)
        number = self._problem.model((x + added).clamp(*self._range))[:, 0]
        # A class is left by the cross-entropy of the other one; any other number is lowered.
        classes = self._problem.target.contrast is not None
        return nn.functional.softplus(number) if classes else number, added.abs().sum(dim=1).mean()

    @torch.no_grad()
    def scores(self) -> np.ndarray:
        """Mean over cells of how much is added to each feature, shape (d,)."""
        return self._network(self._inputs).abs().mean(dim=0).double().cpu().numpy()
