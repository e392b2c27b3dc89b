"""A perceptron from a cell to a number for each of its features (FIMAP's g)."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

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
    ) -> None:
        super().__init__()
        self.length, self.start = length, start
        between = torch.randn(n_layers - 1, n_hidden, n_hidden, generator=generator)
        self.first = nn.Parameter(torch.randn(n_features, n_hidden, generator=generator))
        self.between = nn.Parameter(between * math.sqrt(2 / n_hidden))
        self.biases = nn.Parameter(torch.zeros(n_layers, n_hidden))
        self.last = nn.Parameter(torch.zeros(n_features, n_hidden))

    def forward(self, x: Tensor) -> Tensor:
        """Outputs for all features of dense inputs, both of shape (n, n_features)."""
        return self.start + self._hidden(x / self.length @ self.first) @ self.last.T

    def at_entries(self, x: sp.csr_matrix) -> Tensor:
        """Outputs of sparse inputs for the features that are stored, shape (entries,)."""
        pattern = Pattern.of(x)
        amounts = torch.from_numpy(x.data.astype(np.float32) / np.float32(self.length))
        embedded = weighted_sums(pattern, amounts.to(self.first.device), self.first)
        return self.start + products_at(pattern, self._hidden(embedded), self.last)

    def _hidden(self, embedded: Tensor) -> Tensor:
        hidden = torch.relu(embedded + self.biases[0])
        for weight, bias in zip(self.between, self.biases[1:], strict=True):
            hidden = torch.relu(hidden @ weight + bias)
        return hidden
