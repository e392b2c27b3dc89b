"""Networks that predict the importance of each window of a cell (CXPlain's explainers).

What masking each window does to a cell, as shares, is what they are fitted to; their answers are
shares of windows, brought back to features.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.explainers.share_divergence import divergence_of_shares
from xbench.explainers.wide_table import Entries, numbers_at, products_at_entries
from xbench.mask.population import MaskedPopulation
from xbench.utils.sparse import Pattern, products_at

# Cells that go through a network at once.
CHUNK = 64


@dataclass(frozen=True)
class Examples:
    """Cells and the shares that a network should predict for them.

    Parameters
    ----------
    changes
        p - x where it is not 0: all that masking can change, shape (cells, d).
    varies
        A stored entry for each window that masking changes in a cell, shape (cells, windows).
    targets
        See `xbench.explainers.importance_model.causal_targets`, shape (cells, windows); but in
        the places of `varies`, zeros among them.
    seen
        What the network sees, shape (cells, inputs); the changes where None.
    """

    changes: sp.csr_matrix
    varies: sp.csr_matrix
    targets: sp.csr_matrix
    seen: sp.csr_matrix | None = None

    @classmethod
    def of(cls, population: MaskedPopulation, groups: Sequence[np.ndarray]) -> "Examples":
        """Ask for the exact effect of each window in each cell."""
        effects = population.effects(groups)
        return cls(population.changing_pairs(), effects, _shares_of_falls(effects))

    @property
    def usable(self) -> np.ndarray:
        """Cells in which some window lowers the loss: the others have no shares."""
        return np.flatnonzero(np.asarray(self.targets.sum(axis=1)).ravel() > 0)

    @cached_property
    def _entropies(self) -> np.ndarray:
        """Of each cell's targets, shape (cells,)."""
        entropy = torch.special.entr(torch.from_numpy(self.targets.data.astype(np.float64)))
        cells = np.repeat(np.arange(self.targets.shape[0]), np.diff(self.targets.indptr))
        return np.bincount(cells, entropy.numpy(), minlength=self.targets.shape[0])

    @property
    def inputs(self) -> sp.csr_matrix:
        """What the network sees, shape (cells, inputs)."""
        return self.changes if self.seen is None else self.seen

    def divergence(self, network: nn.Module, rows: np.ndarray) -> Tensor:
        """Mean Kullback-Leibler divergence of the predicted shares from the targets, in nats."""
        if isinstance(network, SparsePerceptron) and network.on_cpu:
            # Targets have the places of `varies`.
            given = self.targets[rows]
            logits = network.at_entries(self.inputs[rows], given)
            sums = divergence_of_shares(logits, given.data, given.indptr)
            return (sums - float(self._entropies[rows].sum())) / len(rows)
        share = torch.from_numpy(self.targets[rows].data)
        predicted = self.log_shares(network, rows)
        constant = torch.special.entr(share).sum()
        return -(constant + (share.to(predicted.device) * predicted).sum()) / len(rows)

    def log_shares(self, network: nn.Module, rows: np.ndarray) -> Tensor:
        """Logarithms of predicted shares where a window varies, in the order of `varies`."""
        pattern = self.varies[rows]
        cells = np.repeat(np.arange(len(rows)), np.diff(pattern.indptr))
        cell = torch.from_numpy(cells)
        if isinstance(network, SparsePerceptron):
            logits = network.at_entries(self.inputs[rows], pattern)
        else:
            logits = network(self.inputs[rows])
            logits = logits[cell, torch.from_numpy(pattern.indices).long()]
        return logits - _log_sums(logits, cell.to(logits.device), len(rows))

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
            shares, pattern = self.log_shares(network, rows).exp().cpu().numpy(), self.varies[rows]
            entries = (shares, pattern.indices, pattern.indptr)
            yield rows, sp.csr_matrix(entries, shape=pattern.shape).toarray()


def _log_sums(logits: Tensor, cell: Tensor, n_cells: int) -> Tensor:
    """Return log sum exp of the logits of each one's cell, shape (entries,)."""
    highest = logits.new_full((n_cells,), -torch.inf)
    highest = highest.scatter_reduce(0, cell, logits.detach(), "amax")
    sums = logits.new_zeros(n_cells).index_add(0, cell, (logits - highest[cell]).exp())
    return (highest + sums.log())[cell]


# Directions of the inputs that hold less than this share of the first one are rounding.
RANK = 1e-6


def in_span(training: Examples, others: Examples) -> tuple[Examples, Examples]:
    """Let a network see where cells lie in the span of the training cells, where that is smaller.

    A rotation of the training cells' inputs, by their principal axes and without a centre: no
    first layer of a network can tell it from the inputs themselves, whatever is learned from
    these cells, and what is outside of the span is never learned about. With 790 cells of 127,219
    peaks a layer of 64 units has 51,000 weights then instead of 8 million.

    Examples
    --------
    >>> changes = sp.csr_matrix([[3.0, 0.0, 4.0], [0.0, 0.0, 1.0]])
    >>> cells = Examples(changes, changes, changes)
    >>> seen = in_span(cells, cells)[0].inputs.toarray()
    >>> (seen @ seen.T).round(4).tolist()
    [[25.0, 4.0], [4.0, 1.0]]
    """
    changes = training.changes
    if changes.shape[1] <= changes.shape[0]:
        return training, others
    products = _products_of_rows(changes, changes)
    squares, axes = np.linalg.eigh(products)
    kept = squares > RANK * squares[-1]
    axes = axes[:, kept] / np.sqrt(squares[kept])
    seen = [products @ axes, _products_of_rows(others.changes, changes) @ axes]
    own, other = (sp.csr_matrix(one.astype(np.float32)) for one in seen)
    return replace(training, seen=own), replace(others, seen=other)


# Features multiplied at once: their dense rows stay in the cache.
TILE = 512


def _products_of_rows(some: sp.csr_matrix, others: sp.csr_matrix) -> np.ndarray:
    """Return some @ others.T, in double: a sparse product would look each of its numbers up."""
    result = np.zeros((some.shape[0], others.shape[0]), dtype=np.float32)
    columns, rows = sp.csc_matrix(some), sp.csc_matrix(others)
    for start in range(0, some.shape[1], TILE):
        here = slice(start, start + TILE)
        result += columns[:, here].tocsr() @ rows[:, here].T.toarray()
    return result.astype(np.float64)


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
        return cast(Tensor, self.rest(self._embedded(x)))

    def _embedded(self, x: sp.csr_matrix) -> Tensor:
        device = self.embed.weight.device
        if 2 * x.nnz > x.shape[0] * x.shape[1]:
            dense = torch.from_numpy(x.toarray().astype(np.float32)).to(device)
            return self.scale * dense @ self.embed.weight
        indices, pointers, values = (
            torch.from_numpy(part).to(device)
            for part in (x.indices, x.indptr.astype(x.indices.dtype), x.data.astype(np.float32))
        )
        return cast(Tensor, self.embed(indices, pointers, per_sample_weights=self.scale * values))

    @property
    def on_cpu(self) -> bool:
        """Whether compiled passes over its numbers can be taken."""
        return self.embed.weight.device.type == "cpu"

    def at_entries(self, x: sp.csr_matrix, pattern: sp.csr_matrix) -> Tensor:
        """Return the logits where a pattern (n, n_windows) has an entry, in its order."""
        last = cast(nn.Linear, self.rest[-1])
        hidden = self.rest[:-1](self._embedded(x))
        if self.on_cpu:
            products = products_at_entries(last.weight, Entries.of(pattern), hidden)
            return products + numbers_at(last.bias, pattern.indices)
        windows = torch.from_numpy(pattern.indices).long().to(last.bias.device)
        return products_at(Pattern.of(pattern), hidden, last.weight) + last.bias[windows]


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
    falls = _shares_of_falls(effects)
    falls.sort_indices()
    falls.eliminate_zeros()
    return falls


def _shares_of_falls(effects: sp.csr_matrix) -> sp.csr_matrix:
    """Return the same in the places of the effects, zeros among them."""
    # `sp.csr_matrix.maximum` would leave out what is 0.
    data = np.maximum(0, -effects.data.astype(np.float64))
    falls = sp.csr_matrix((data, effects.indices, effects.indptr), shape=effects.shape)
    totals = np.maximum(np.asarray(falls.sum(axis=1)).ravel(), np.finfo(float).tiny)
    falls.data /= np.repeat(totals, np.diff(falls.indptr))
    falls.data = falls.data.astype(np.float32)
    return falls


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
