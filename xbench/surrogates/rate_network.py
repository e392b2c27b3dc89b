"""All peaks to the log rate of every gene's counts, in one network with an additive first layer.

The layer begins in the leading directions of the data.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Surrogate

# Counts of open peaks per cell to which the trunk's sums are scaled, whatever a cell's depth.
PER_CELL = 1e3


class RateNetwork(Surrogate):
    """Peaks -> weighted sums relative to the number of open peaks -> 64 tanh units -> all genes.

    The last sum of a cell is its number of open peaks n; the others are divided by it, so that a
    deeply sequenced cell is not taken for an active one. The network gives the log rate eta of a
    gene. Its output is what log1p of normalised counts would be on average, at the exposure e of
    the training cells and with a negative binomial of size r:

        F = level P log1p(exp(eta) / P),   P = 1 - (1 + e exp(eta) / r)^-r

    P is the chance of seeing any count; with e unlimited (squared errors) P = 1 and F is
    level log1p(exp(eta)).

    Parameters
    ----------
    n_features, n_outputs
        Peaks and genes.
    n_latent, n_hidden
        Weighted sums and hidden units.

    Examples
    --------
    >>> RateNetwork(50, 5, n_latent=4).frozen()(torch.ones(2, 50)).shape
    torch.Size([2, 5])
    """

    centre: Tensor
    scale: Tensor
    exposure: Tensor
    size: Tensor
    level: Tensor

    def __init__(
        self, n_features: int, n_outputs: int, n_latent: int = 32, n_hidden: int = 64
    ) -> None:
        super().__init__()
        self.n_latent, self.n_outputs = n_latent, n_outputs
        self.weight = nn.Parameter(torch.zeros(n_features, n_latent))
        self.hidden = nn.Linear(n_latent, n_hidden)
        self.output = nn.Linear(n_hidden, n_outputs)
        self.register_buffer("centre", torch.zeros(n_latent))
        self.register_buffer("scale", torch.ones(n_latent))
        self.register_buffer("exposure", torch.full((), 1e6))
        self.register_buffer("size", torch.ones(n_outputs))
        self.register_buffer("level", torch.ones(n_outputs))

    @property
    def n_features(self) -> int:
        """Number of peaks."""
        return len(self.weight)

    def additive_layer(self) -> AdditiveLayer:
        """Return the weighted sums and the number of open peaks, one block."""
        weight = self.weight.detach()
        every = torch.cat([weight, torch.ones_like(weight[:, :1])], dim=1)
        offset = every.new_zeros(1, every.shape[1])
        return AdditiveLayer(every, offset, np.array([0, len(every)]))

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Expression of the wanted genes from the sums, shape (n, wanted)."""
        return self.expression(self.log_rate(sums[:, 0], outputs), outputs)

    def log_rate(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Log of the expected count per 1e5, shape (n, wanted).

        Parameters
        ----------
        sums
            Weighted sums and number of open peaks, shape (n, n_latent + 1).
        outputs
            Indices of the wanted genes; all where None.
        """
        hidden = self.hidden_units(sums)
        if outputs is None:
            return self.output(hidden)
        return nn.functional.linear(hidden, self.output.weight[outputs], self.output.bias[outputs])

    def hidden_units(self, sums: Tensor) -> Tensor:
        """What the genes' rates are read from, in -1..1, shape (n, n_hidden)."""
        total = sums[:, self.n_latent : self.n_latent + 1].clamp_min(1.0)
        latent = (sums[:, : self.n_latent] * (PER_CELL / total) - self.centre) / self.scale
        return torch.tanh(self.hidden(latent))

    def expression(self, log_rate: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Expected log1p of normalised counts at a log rate, shape (n, wanted)."""
        chosen = slice(None) if outputs is None else outputs
        # Beyond exp(20) per 1e5 nothing is measured, and exp() would overflow.
        rate = torch.exp(log_rate.clamp(-30.0, 20.0))
        size = self.size[chosen]
        seen = -torch.expm1(-size * torch.log1p(self.exposure * rate / size))
        return self.level[chosen] * seen * torch.log1p(rate / seen.clamp_min(1e-30))

    def forward(self, x: Tensor) -> Tensor:
        """Expression of dense inputs, shape (n, n_outputs)."""
        sums = torch.cat([x @ self.weight, x.sum(dim=1, keepdim=True)], dim=1)
        return self.tail(sums[:, None])

    def configuration(self) -> dict[str, object]:
        """Sizes of all layers."""
        return {
            "n_features": self.n_features,
            "n_outputs": self.n_outputs,
            "n_latent": self.n_latent,
            "n_hidden": self.hidden.out_features,
        }


def first_sums(weight: Tensor, opened: sp.csr_matrix) -> Tensor:
    """Weighted sums and number of open peaks of sparse inputs, shape (n, n_latent + 1)."""
    sums = torch.from_numpy(opened.astype(np.float32, copy=False) @ weight.detach().cpu().numpy())
    totals = np.asarray(opened.sum(axis=1), dtype=np.float32).reshape(-1, 1)
    return torch.cat([sums, torch.from_numpy(totals)], dim=1)


def latent_weight(
    opened: sp.csr_matrix, n_latent: int, generator: np.random.Generator, rounds: int = 3
) -> np.ndarray:
    """Return weights whose sums are the leading directions of inverse-frequency-scaled peaks.

    Latent semantic indexing (Cusanovich et al. 2015), by randomised subspace iteration (Halko et
    al. 2011): each round is two passes over the open peaks.

    Parameters
    ----------
    opened
        Shape (n, n_features).
    n_latent
        Directions wanted; fewer than n or n_features leave the rest at 0.
    generator
        Draws the first guess.
    rounds
        Passes.

    Returns
    -------
    ndarray
        Shape (n_features, n_latent), float32.
    """
    n_cells, n_features = opened.shape
    scaled = opened.astype(np.float32)
    often = np.bincount(scaled.indices, minlength=n_features)
    rarity = np.log1p(n_cells / np.maximum(often, 1)).astype(np.float32)
    totals = np.maximum(np.diff(scaled.indptr), 1)
    scaled.data = (
        scaled.data
        * rarity[scaled.indices]
        * np.repeat(PER_CELL / totals, np.diff(scaled.indptr)).astype(np.float32)
    )
    width = min(n_latent + 8, n_cells, n_features)
    basis = scaled @ generator.standard_normal((n_features, width)).astype(np.float32)
    for _ in range(rounds):
        basis = scaled @ (scaled.T @ _orthogonal(basis))
    projected = torch.from_numpy(scaled.T @ _orthogonal(basis))
    directions = torch.linalg.svd(projected, full_matrices=False)[0].numpy()
    weight = np.zeros((n_features, n_latent), dtype=np.float32)
    found = min(width, n_latent)
    weight[:, :found] = directions[:, :found] * rarity[:, None]
    return weight


def cells_of_all_types(types: np.ndarray, most: int, generator: np.random.Generator) -> np.ndarray:
    """Return some cells, ascending: as many of each type, as far as it has them.

    What tells a rare type from the others is then a leading direction too.

    Parameters
    ----------
    types
        Shape (n,).
    most
        Cells wanted in all; a small type leaves its place empty.
    generator
        Draws the cells of each type.

    Examples
    --------
    >>> types = np.array(["a"] * 90 + ["b"] * 3)
    >>> chosen = cells_of_all_types(types, 20, np.random.default_rng(0))
    >>> len(chosen), chosen[-3:].tolist()
    (13, [90, 91, 92])
    """
    names, numbers = np.unique(types, return_inverse=True)
    each = max(1, most // len(names))
    chosen = []
    for number in range(len(names)):
        own = np.flatnonzero(numbers == number)
        chosen.append(generator.choice(own, min(each, len(own)), replace=False))
    return np.sort(np.concatenate(chosen))


def _orthogonal(basis: np.ndarray) -> np.ndarray:
    # By torch, whose number of threads training fixes: on more of them the last digits differ.
    return torch.linalg.qr(torch.from_numpy(basis))[0].numpy()
