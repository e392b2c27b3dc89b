"""The additive first layer that nearly every surrogate here begins with.

Features are grouped in contiguous blocks (chromosomes; one block for an image). The layer gives
each block its hidden sums ``S_b = offset_b + sum_{j in b} x_j w_j``. Masking feature j changes
only block(j), and only by ``(p_j - x_j) w_j``: the whole mask operator rests on this.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as functional
from torch import Tensor


@dataclass(frozen=True)
class AdditiveLayer:
    """Hidden sums that are linear in the input, block by block.

    Parameters
    ----------
    weight
        Contribution of one unit of each feature, shape (n_features, hidden).
    offset
        Sums of an all-zero input, shape (n_blocks, hidden).
    boundaries
        First feature of each block and the number of features, shape (n_blocks + 1,), rising.

    Raises
    ------
    ValueError
        Where the shapes do not belong together.

    Examples
    --------
    >>> layer = AdditiveLayer(torch.eye(3), torch.zeros(2, 3), np.array([0, 2, 3]))
    >>> layer.sums(torch.tensor([[1.0, 2.0, 4.0]])).shape
    torch.Size([1, 2, 3])
    """

    weight: Tensor
    offset: Tensor
    boundaries: np.ndarray

    def __post_init__(self) -> None:
        sizes = np.diff(self.boundaries)
        if self.boundaries[-1] != len(self.weight) or (sizes < 0).any():
            raise ValueError(
                f"boundaries end at {self.boundaries[-1]} but must at {len(self.weight)}"
            )
        expected = (len(sizes), self.weight.shape[1])
        if tuple(self.offset.shape) != expected:
            raise ValueError(
                f"offset has shape {tuple(self.offset.shape)} but must have {expected}"
            )

    @cached_property
    def block_of(self) -> Tensor:
        """Block of each feature, shape (n_features,)."""
        sizes = np.diff(self.boundaries)
        blocks = np.repeat(np.arange(len(sizes)), sizes)
        return torch.from_numpy(blocks).to(self.weight.device)

    @cached_property
    def moves(self) -> np.ndarray:
        """Whether any hidden sum depends on each feature, shape (n_features,)."""
        return (self.weight != 0).any(dim=1).cpu().numpy()

    @cached_property
    def weights(self) -> tuple[Tensor, ...]:
        """The part of `weight` that belongs to each block, n_blocks views."""
        return tuple(self.weight[start:stop] for start, stop in pairwise(self.boundaries))

    @property
    def n_features(self) -> int:
        """Number of input features."""
        return self.weight.shape[0]

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return self.offset.shape[0]

    def sums(self, x: Tensor) -> Tensor:
        """Hidden sums of dense inputs, differentiable in `x`.

        Parameters
        ----------
        x
            Inputs, shape (n, n_features).

        Returns
        -------
        Tensor
            Shape (n, n_blocks, hidden).
        """
        edges = self.boundaries
        parts = zip(pairwise(edges), self.weights, strict=True)
        blocks = [x[:, start:stop] @ weight for (start, stop), weight in parts]
        return torch.stack(blocks, dim=1) + self.offset

    def sparse_sums(self, x: sp.csr_matrix) -> Tensor:
        """Hidden sums of sparse inputs: one multiply-add of `hidden` numbers an entry.

        Parameters
        ----------
        x
            Inputs, shape (n, n_features), with sorted indices.

        Returns
        -------
        Tensor
            Shape (n, n_blocks, hidden).
        """
        device = self.weight.device
        pointers = block_pointers(x, self.boundaries)
        summed = functional.embedding_bag(
            torch.from_numpy(x.indices.astype(np.int64)).to(device),
            self.weight,
            torch.from_numpy(pointers).to(device),
            mode="sum",
            per_sample_weights=torch.from_numpy(x.data.astype(np.float32)).to(device),
            include_last_offset=True,
        )
        return summed.view(x.shape[0], self.n_blocks, -1) + self.offset


def block_pointers(x: sp.csr_matrix, boundaries: np.ndarray) -> np.ndarray:
    """Where each (row, block) begins among the entries of a CSR matrix.

    A row's entries are sorted by feature and a block is a run of features, so the same data with
    these pointers is a matrix of n x n_blocks rows: no copy, one block a row.

    Parameters
    ----------
    x
        Shape (n, n_features), sorted indices.
    boundaries
        Shape (n_blocks + 1,).

    Returns
    -------
    ndarray
        int64, shape (n * n_blocks + 1,).

    Examples
    --------
    >>> x = sp.csr_matrix(np.array([[1, 0, 1], [0, 0, 1]]))
    >>> block_pointers(x, np.array([0, 2, 3]))
    array([0, 1, 2, 2, 3])
    """
    n_blocks = len(boundaries) - 1
    row_of_entry = np.repeat(np.arange(x.shape[0], dtype=np.int64), np.diff(x.indptr))
    block_of_entry = np.searchsorted(boundaries, x.indices, side="right") - 1
    counts = np.bincount(row_of_entry * n_blocks + block_of_entry, minlength=x.shape[0] * n_blocks)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
