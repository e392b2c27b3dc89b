"""A population encoded once: sparse inputs, hidden sums, and fast access to columns."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from xbench.mask.changed_pairs import changing_pairs
from xbench.surrogates.layers import AdditiveLayer, block_pointers
from xbench.utils.sparse import Pattern, products_at


@dataclass(frozen=True)
class EncodedPopulation:
    """Inputs and their unmasked hidden sums.

    Parameters
    ----------
    layer
        The surrogate's additive layer, on the device that computes.
    inputs
        CSR, float32, sorted indices, shape (n, n_features).
    perturbation
        p, shape (n_features,).
    """

    layer: AdditiveLayer
    inputs: sp.csr_matrix
    perturbation: np.ndarray

    @cached_property
    def sums(self) -> Tensor:
        """Unmasked hidden sums, shape (n, n_blocks, hidden)."""
        return self.layer.sparse_sums(self.inputs)

    @cached_property
    def _columns(self) -> sp.csc_matrix:
        return self.inputs.tocsc()

    @cached_property
    def _is_binary(self) -> bool:
        return bool((self.inputs.data == 1).all())

    @cached_property
    def block_counts(self) -> np.ndarray:
        """Entries of each row in each block, shape (n, n_blocks)."""
        return self._counts(self.inputs)

    @cached_property
    def changing(self) -> sp.csr_matrix:
        """Changes p - x that masking can make, shape (n, n_features); no zero is stored."""
        return changing_pairs(self.inputs, self.perturbation)

    @cached_property
    def changing_counts(self) -> np.ndarray:
        """Such changes of each row in each block, shape (n, n_blocks)."""
        return self._counts(self.changing)

    def changes(self, features: np.ndarray, rows: np.ndarray | None) -> np.ndarray:
        """How much masking changes each feature: p_j - x_cj, shape (rows, features)."""
        columns = self._columns
        changes = np.empty((self.inputs.shape[0], len(features)), dtype=np.float32)
        changes[:] = self.perturbation[features]
        first, last = columns.indptr[features], columns.indptr[np.add(features, 1)]
        counts = last - first
        ends = np.cumsum(counts)
        total = ends[-1] if len(ends) else 0
        # All entries of all the columns at once: a loop over them is what would be slow.
        entries = np.repeat(first - (ends - counts), counts) + np.arange(total)
        positions = np.repeat(np.arange(len(features)), counts)
        changes[columns.indices[entries], positions] -= columns.data[entries]
        return changes if rows is None else changes[rows]

    def columns(self, features: np.ndarray, rows: np.ndarray | None) -> sp.csr_matrix:
        """Inputs of some features in the given order, CSR, shape (rows, features)."""
        if len(features) == self.inputs.shape[1] and (np.diff(features) == 1).all():
            chosen = self.inputs
        else:
            chosen = self._columns[:, features].tocsr()
        return chosen if rows is None else chosen[rows]

    def project(self, gradient: Tensor, rows: np.ndarray | None) -> np.ndarray:
        """Sum over cells and channels of gradient * (p_j - x_cj) * w_j, shape (n_features,).

        The least work is one dot product of `hidden` numbers for each entry of the inputs, and one
        for each feature where p is not zero.

        Parameters
        ----------
        gradient
            Of the loss by the hidden sums, shape (rows, n_blocks, hidden).
        """
        weight = self.layer.weight
        inputs = self.inputs if rows is None else self.inputs[rows]
        counts = self.block_counts if rows is None else self.block_counts[rows]
        pointers = np.concatenate([[0], np.cumsum(counts.ravel())]).astype(inputs.indices.dtype)
        pattern = Pattern(pointers, inputs.indices, len(weight))
        entries = products_at(pattern, gradient.reshape(-1, weight.shape[1]), weight)
        drop = entries
        if not self._is_binary:
            drop = entries * torch.from_numpy(inputs.data).to(weight.device)
        result = -_sum_by_feature(drop, inputs.indices, len(weight))
        if self.perturbation.any():
            total = gradient.sum(dim=0)
            rise = (weight * total[self.layer.block_of]).sum(dim=1)
            result += rise * torch.from_numpy(self.perturbation).to(weight.device)
        return result.cpu().numpy()

    def _counts(self, rows: sp.csr_matrix) -> np.ndarray:
        pointers = block_pointers(rows, self.layer.boundaries)
        return np.diff(pointers).reshape(rows.shape[0], self.layer.n_blocks)


def _sum_by_feature(entries: Tensor, features: np.ndarray, n_features: int) -> Tensor:
    """Sum entries that belong to the same feature, shape (n_features,)."""
    if entries.device.type == "cpu":
        # As a sparse matrix of one column: half the time of index_add_ there.
        pointers = np.array([0, len(features)], dtype=features.dtype)
        column = sp.csc_matrix((entries.numpy(), features, pointers), shape=(n_features, 1))
        return torch.from_numpy(column @ np.ones(1, dtype=np.float32))
    result = torch.zeros(n_features, dtype=entries.dtype, device=entries.device)
    return result.index_add_(0, torch.from_numpy(features).to(entries.device, torch.int64), entries)
