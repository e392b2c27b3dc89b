"""Networks that predict the importance of each window of a cell (CXPlain's explainers).

What masking each window does to a cell, as shares, is what they are fitted to; their answers are
shares of windows, brought back to features.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

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
        See `xbench.explainers.importance_model.causal_targets`, shape (cells, windows).
    """

    changes: sp.csr_matrix
    varies: sp.csr_matrix
    targets: sp.csr_matrix

    @classmethod
    def of(cls, population: MaskedPopulation, groups: Sequence[np.ndarray]) -> "Examples":
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


HIDDEN = 64
CHANNELS = 8


class SparsePerceptron(nn.Module):
    """A perceptron of two hidden layers over sparse inputs: only open features cost anything.

    Parameters
    ----------
    n_features, n_windows
        Sizes of input and output.
    scale
        Inputs are multiplied by it; one over their usual length keeps the first layer's sums
        near 1, whatever the number of features.

    Examples
    --------
    >>> network = SparsePerceptron(6, 3)
    >>> network(sp.csr_matrix(np.eye(2, 6, dtype=np.float32))).shape
    torch.Size([2, 3])
    """

    def __init__(self, n_features: int, n_windows: int, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale
        self.embed = nn.EmbeddingBag(n_features, HIDDEN, mode="sum", include_last_offset=True)
        self.rest = nn.Sequential(
            nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, n_windows)
        )

    def forward(self, x: sp.csr_matrix) -> Tensor:
        """Return logits of sparse inputs (n, n_features), shape (n, n_windows)."""
        device = self.embed.weight.device
        indices, pointers, values = (
            torch.from_numpy(part).to(device)
            for part in (x.indices, x.indptr.astype(x.indices.dtype), x.data.astype(np.float32))
        )
        embedded = self.embed(indices, pointers, per_sample_weights=self.scale * values)
        return self.rest(embedded)


class ImageUNet(nn.Module):
    """A small U-Net (Ronneberger et al. 2015): three scales, one convolution each way.

    A patch's logit is the mean of its pixels'.

    Parameters
    ----------
    side
        Of the square image, in pixels.
    patch
        Side of a patch, in pixels; patches at the right and lower edge may be smaller.

    Examples
    --------
    >>> ImageUNet(side=7, patch=2)(sp.csr_matrix((3, 49), dtype=np.float32)).shape
    torch.Size([3, 16])
    """

    def __init__(self, side: int, patch: int) -> None:
        super().__init__()
        self.side, self.patch = side, patch
        fine, middle, coarse = CHANNELS, 2 * CHANNELS, 4 * CHANNELS
        self.down = nn.ModuleList([_convolution(1, fine), _convolution(fine, middle)])
        self.bottom = _convolution(middle, coarse)
        self.rise = nn.ModuleList(
            [
                nn.ConvTranspose2d(middle, fine, 2, stride=2),
                nn.ConvTranspose2d(coarse, middle, 2, stride=2),
            ]
        )
        self.merge = nn.ModuleList([_convolution(2 * fine, fine), _convolution(coarse, middle)])
        self.last = nn.Conv2d(fine, 1, 1)
        # Half the time on a CPU.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: sp.csr_matrix) -> Tensor:
        """Return logits of images (n, pixels), shape (n, n_patches)."""
        images = torch.from_numpy(x.toarray().astype(np.float32)).to(self.last.weight.device)
        missing = -self.side % 4
        hidden = nn.functional.pad(
            images.view(-1, 1, self.side, self.side), (0, missing, 0, missing)
        )
        kept = []
        for convolve in self.down:
            kept.append(convolve(hidden))
            hidden = nn.functional.max_pool2d(kept[-1], 2)
        hidden = self.bottom(hidden)
        for scale in (1, 0):
            hidden = torch.cat([kept[scale], self.rise[scale](hidden)], dim=1)
            hidden = self.merge[scale](hidden)
        logits = self.last(hidden)[:, :, : self.side, : self.side]
        pooled = nn.functional.avg_pool2d(logits, self.patch, ceil_mode=True)
        return cast(Tensor, pooled.flatten(1))


def _convolution(n_inputs: int, n_outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(n_inputs, n_outputs, 3, padding=1), nn.ReLU())


def causal_targets(effects: sp.csr_matrix) -> sp.csr_matrix:
    """Share of each window in what masking single windows takes off a cell's loss.

    Schwab and Karlen 2019, Eq. 4 to 6, with the sign turned: there a feature matters when the
    loss rises without it, here when it falls.

    Parameters
    ----------
    effects
        Exact change of each cell's loss for each window masked alone, shape (cells, windows).

    Returns
    -------
    csr_matrix
        float32, shape (cells, windows), entries above 0 only; a row adds up to 1, or is empty
        where no window lowers the loss.

    Examples
    --------
    >>> causal_targets(sp.csr_matrix([[-3.0, 1.0, -1.0], [0.0, 2.0, 0.0]])).toarray()
    array([[0.75, 0.  , 0.25],
           [0.  , 0.  , 0.  ]], dtype=float32)
    """
    falls = sp.csr_matrix((-effects).maximum(0), dtype=np.float64)
    falls.sort_indices()
    totals = np.asarray(falls.sum(axis=1)).ravel()
    falls.data /= np.repeat(totals, np.diff(falls.indptr))
    return falls.astype(np.float32)


def spread_to_features(
    shares: np.ndarray, changes: sp.csr_matrix, window_of: np.ndarray
) -> np.ndarray:
    """Divide each window's share among its features, in proportion to how much masking moves them.

    So in a cell a feature that equals p already gets nothing, and open peaks get equal parts.

    Parameters
    ----------
    shares
        Of each window in each cell, shape (cells, windows).
    changes
        p - x where it is not 0, shape (cells, d).
    window_of
        Window of each feature, shape (d,).

    Returns
    -------
    ndarray
        Sum over cells, float64, shape (d,).

    Examples
    --------
    >>> changes = sp.csr_matrix([[-1.0, -1.0, 0.0, -2.0], [0.0, -1.0, 0.0, 0.0]])
    >>> shares = np.array([[0.4, 0.6], [1.0, 0.0]])
    >>> spread_to_features(shares, changes, np.array([0, 0, 1, 1])).tolist()
    [0.2, 1.2, 0.0, 0.6]
    """
    cells = np.repeat(np.arange(changes.shape[0]), np.diff(changes.indptr))
    window, moved = window_of[changes.indices], np.abs(changes.data).astype(np.float64)
    together = np.bincount(
        cells * shares.shape[1] + window, weights=moved, minlength=shares.size
    ).reshape(shares.shape)
    parts = shares[cells, window] * moved / together[cells, window]
    return np.bincount(changes.indices, weights=parts, minlength=changes.shape[1])
