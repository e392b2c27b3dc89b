"""A population encoded once: sparse inputs, hidden sums, and fast access to columns."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from xbench.mask.changed_pairs import changing_pairs
from xbench.mask.descent_of_entries import TiledEntries, descent_of_entries
from xbench.surrogates.layers import AdditiveLayer, block_pointers
from xbench.utils.sparse import Pattern, products_at, tensor_of

# Of so many cells one, or fewer, are asked about: their rows are looked at, not all columns.
FEW = 8


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
        if rows is None:
            return self._changes_of(features, np.arange(self.inputs.shape[0]))
        cells, place = np.unique(rows, return_inverse=True)
        return self._changes_of(features, cells)[place]

    def _changes_of(self, features: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """The same for distinct cells: as cheap in a population of any size."""
        columns = self._columns
        place = np.full(self.inputs.shape[0], -1, dtype=np.int64)
        place[cells] = np.arange(len(cells))
        changes = np.empty((len(cells), len(features)), dtype=np.float32)
        changes[:] = self.perturbation[features]
        first, last = columns.indptr[features], columns.indptr[np.add(features, 1)]
        counts = last - first
        ends = np.cumsum(counts)
        total = ends[-1] if len(ends) else 0
        # All entries of all the columns at once: a loop over them is what would be slow.
        entries = np.repeat(first - (ends - counts), counts) + np.arange(total)
        positions = np.repeat(np.arange(len(features)), counts)
        at = place[columns.indices[entries]]
        asked = at >= 0
        changes[at[asked], positions[asked]] -= columns.data[entries[asked]]
        return changes

    def columns(self, features: np.ndarray, rows: np.ndarray | None) -> sp.csr_matrix:
        """Inputs of some features in the given order, CSR, shape (rows, features)."""
        if len(features) == self.inputs.shape[1] and (np.diff(features) == 1).all():
            chosen = self.inputs
        elif rows is not None and len(rows) * FEW < self.inputs.shape[0]:
            return self.inputs[rows][:, features]
        else:
            chosen = self._columns[:, features].tocsr()
        return chosen if rows is None else chosen[rows]

    @cached_property
    def tiles(self) -> TiledEntries:
        """The inputs' entries by row and tile of features, for `project` on a CPU."""
        return TiledEntries.of(self.inputs, self.layer.boundaries, self.layer.weight.shape[1])

    def project(self, gradient: Tensor, rows: np.ndarray | None) -> np.ndarray:
        """Sum over cells and channels of gradient * (p_j - x_cj) * w_j, shape (n_features,).

        The least work is one addition of `hidden` numbers for each entry of the inputs, and one
        dot product for each feature.

        Parameters
        ----------
        gradient
            Of the loss by the hidden sums, shape (rows, n_blocks, hidden).
        """
        weight = self.layer.weight
        if weight.device.type == "cpu":
            result = torch.from_numpy(self._descent_on_cpu(gradient, rows))
        else:
            result = self._descent_on_device(gradient, rows)
        if self.perturbation.any():
            total = gradient.sum(dim=0)
            rise = (weight * total[self.layer.block_of]).sum(dim=1)
            result += rise * torch.from_numpy(self.perturbation).to(weight.device)
        return result.cpu().numpy()

    def _descent_on_cpu(self, gradient: Tensor, rows: np.ndarray | None) -> np.ndarray:
        return descent_of_entries(
            self.inputs,
            self.tiles,
            np.arange(self.inputs.shape[0]) if rows is None else np.asarray(rows, dtype=np.int64),
            gradient.numpy(),
            self.layer.weight.numpy(),
            binary=self._is_binary,
        )

    def _descent_on_device(self, gradient: Tensor, rows: np.ndarray | None) -> Tensor:
        """The same as one product for each entry: a GPU has no loop over tiles."""
        weight = self.layer.weight
        inputs = self.inputs if rows is None else self.inputs[rows]
        counts = self.block_counts if rows is None else self.block_counts[rows]
        pointers = np.concatenate([[0], np.cumsum(counts.ravel())]).astype(inputs.indices.dtype)
        pattern = Pattern(pointers, inputs.indices, len(weight))
        entries = products_at(pattern, gradient.reshape(-1, weight.shape[1]), weight)
        if not self._is_binary:
            entries = entries * tensor_of(inputs.data).to(weight.device)
        features = tensor_of(inputs.indices).to(weight.device, torch.int64)
        return -entries.new_zeros(len(weight)).index_add_(0, features, entries)

    def _counts(self, rows: sp.csr_matrix) -> np.ndarray:
        pointers = block_pointers(rows, self.layer.boundaries)
        return np.diff(pointers).reshape(rows.shape[0], self.layer.n_blocks)
