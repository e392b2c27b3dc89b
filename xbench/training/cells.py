"""Batches of cells for training, kept sparse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from xbench.dataset import Dataset
from xbench.surrogates.cross_modality import AtacEncoder
from xbench.training.balanced import Entries, balanced_entries


@dataclass(frozen=True)
class CellBatch:
    """Some cells of one dataset, with balanced entries of both modalities.

    Parameters
    ----------
    peaks
        CSR float32, shape (n, n_peaks).
    genes
        Dense log1p expression, shape (n, n_genes).
    types
        Number of each cell's type, shape (n,).
    peak_entries, gene_entries
        Positives and as many sampled zeros.
    """

    peaks: sp.csr_matrix
    genes: Tensor
    types: Tensor
    peak_entries: Entries
    gene_entries: Entries

    def embed(self, encoder: AtacEncoder) -> Tensor:
        """ATAC embedding of the cells, shape (n, 20)."""
        return encoder(encoder.layer().sparse_sums(self.peaks))


@dataclass(frozen=True)
class Cells:
    """Source of batches from a dataset's parts."""

    peaks: sp.csr_matrix
    genes: sp.csr_matrix
    types: np.ndarray

    @classmethod
    def of(cls, dataset: Dataset) -> Cells:
        """Take the matrices of a multiome dataset."""
        peaks = sp.csr_matrix(dataset.X, dtype=np.float32)
        genes = sp.csr_matrix(dataset.Y, dtype=np.float32)
        peaks.sort_indices()
        genes.sort_indices()
        types = np.unique(dataset.cell_types, return_inverse=True)[1]
        return cls(peaks, genes, types)

    def batch(self, rows: np.ndarray, generator: np.random.Generator) -> CellBatch:
        """Return the cells at `rows`."""
        peaks, genes = self.peaks[rows], self.genes[rows]
        return CellBatch(
            peaks,
            torch.from_numpy(genes.toarray()),
            torch.from_numpy(self.types[rows]),
            balanced_entries(peaks, generator),
            balanced_entries(genes, generator),
        )
