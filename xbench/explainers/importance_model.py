"""Fitting a network to causal targets, and asking it for shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.explainers.causal_targets import causal_targets
from xbench.mask.population import MaskedPopulation

# Cells that go through a network at once.
CHUNK = 64


@dataclass(frozen=True)
class Examples:
    """Cells and the shares that a network should predict for them.

    Parameters
    ----------
    changes
        p - x where it is not 0: what the network sees, and all that masking can change; shape
        (cells, d).
    varies
        A stored entry for each window that masking changes in a cell, shape (cells, windows).
    targets
        See `xbench.explainers.causal_targets.causal_targets`, shape (cells, windows).
    """

    changes: sp.csr_matrix
    varies: sp.csr_matrix
    targets: sp.csr_matrix

    @classmethod
    def of(cls, population: MaskedPopulation, groups: Sequence[np.ndarray]) -> Examples:
        """Ask for the exact effect of each window in each cell."""
        effects = population.effects(groups)
        return cls(population.changing_pairs(), effects, causal_targets(effects))

    @property
    def usable(self) -> np.ndarray:
        """Cells in which some window lowers the loss: the others have no shares."""
        return np.flatnonzero(np.diff(self.targets.indptr))

    def divergence(self, network: nn.Module, rows: np.ndarray) -> Tensor:
        """Mean Kullback-Leibler divergence of the predicted shares from the targets, in nats."""
        targets = self.targets[rows]
        cell, window = (torch.from_numpy(place).long() for place in targets.nonzero())
        share = torch.from_numpy(targets.data)
        predicted = self.log_shares(network, rows)
        log_ratio = share.log().to(predicted.device) - predicted[cell, window]
        return (share.to(predicted.device) * log_ratio).sum() / len(rows)

    def log_shares(self, network: nn.Module, rows: np.ndarray) -> Tensor:
        """Logarithms of predicted shares, shape (rows, windows); -inf where nothing varies."""
        logits: Tensor = network(self.changes[rows])
        varies = torch.zeros(logits.shape, dtype=torch.bool)
        pattern = self.varies[rows]
        cell = np.repeat(np.arange(len(rows)), np.diff(pattern.indptr))
        varies[torch.from_numpy(cell), torch.from_numpy(pattern.indices).long()] = True
        return logits.masked_fill(~varies.to(logits.device), -torch.inf).log_softmax(dim=1)

    @torch.no_grad()
    def mean_divergence(self, network: nn.Module) -> float:
        """The same over all usable cells."""
        parts = [len(rows) * self.divergence(network, rows).item() for rows in _chunks(self.usable)]
        return sum(parts) / len(self.usable)

    @torch.no_grad()
    def shares(self, network: nn.Module) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Predicted shares of all cells in which anything varies, some cells at a time.

        Yields
        ------
        rows, shares
            Cells, shape (some,), and their shares, shape (some, windows).
        """
        for rows in _chunks(np.flatnonzero(np.diff(self.varies.indptr))):
            yield rows, self.log_shares(network, rows).exp().cpu().numpy()


def _chunks(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
