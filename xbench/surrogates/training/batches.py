"""Batches of cells for training, kept sparse.

Making the next batch while the present one is trained on.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, TypeVar

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from xbench.data.dataset import Dataset
from xbench.surrogates.cross_modality_network import AtacEncoder
from xbench.surrogates.training.balanced import (
    balanced_squared_error,
    balanced_weights,
    sampled_zeros,
)
from xbench.utils.sparse import Pattern, weighted_sums


@dataclass(frozen=True)
class PeakBatch:
    """Peaks of some cells: those that are open, and about as many sampled closed ones.

    Rows of both are (cell, chromosome) pairs.
    """

    opened: Pattern
    closed: Pattern

    def embed(self, encoder: AtacEncoder) -> Tensor:
        """ATAC embedding of the cells, shape (n, 20)."""
        weight = encoder.weight
        sums = weighted_sums(self.opened, weight.new_ones(len(self.opened)), weight)
        return encoder(sums.view(-1, *encoder.offset.shape) + encoder.offset)


@dataclass(frozen=True)
class GeneBatch:
    """Expression of some cells.

    Parameters
    ----------
    values
        Dense, log1p, shape (n, n_genes).
    weights
        1 where an entry counts in losses (all positives, as many sampled zeros), else 0.
    """

    values: Tensor
    weights: Tensor

    def loss(self, predicted: Tensor) -> Tensor:
        """Mean squared error at the entries that count."""
        return balanced_squared_error(predicted, self.values, self.weights)


@dataclass(frozen=True)
class CellBatch:
    """Both modalities of some cells, and the number of each cell's type, shape (n,)."""

    peaks: PeakBatch
    genes: GeneBatch
    types: Tensor


@dataclass(frozen=True)
class TrainingCells:
    """Source of batches from a dataset's parts."""

    peaks: sp.csr_matrix
    genes: sp.csr_matrix
    types: np.ndarray
    block_of: np.ndarray
    n_blocks: int
    device: str = "cpu"

    @classmethod
    def of(cls, dataset: Dataset, device: str = "cpu") -> "TrainingCells":
        """Take the matrices of a multiome dataset; they stay as they are, peaks a byte each."""
        peaks, genes = sp.csr_matrix(dataset.X), sp.csr_matrix(dataset.Y, dtype=np.float32)
        types = np.unique(dataset.cell_types, return_inverse=True)[1]
        sizes = np.diff(dataset.features.blocks()[1])
        block_of = np.repeat(np.arange(len(sizes)), sizes)
        return cls(peaks, genes, types, block_of, len(sizes), device)

    def peak_batch(self, rows: np.ndarray, generator: np.random.Generator) -> PeakBatch:
        """Return the peaks of the cells at `rows`."""
        peaks = self.peaks[rows]
        peaks.sort_indices()
        cell_of = np.repeat(np.arange(len(rows)), np.diff(peaks.indptr))
        zeros = sampled_zeros(peaks, generator)
        return PeakBatch(
            self._positions(cell_of, peaks.indices, len(rows)),
            self._positions(*zeros, len(rows)),
        )

    def gene_batch(self, rows: np.ndarray, generator: np.random.Generator) -> GeneBatch:
        """Return the expression of the cells at `rows`."""
        values = self.genes[rows].toarray()
        weights = balanced_weights(values, generator)
        return GeneBatch(*(torch.from_numpy(one).to(self.device) for one in (values, weights)))

    def batch(self, rows: np.ndarray, generator: np.random.Generator) -> CellBatch:
        """Return both modalities of the cells at `rows`."""
        peaks, genes = self.peak_batch(rows, generator), self.gene_batch(rows, generator)
        return CellBatch(peaks, genes, torch.from_numpy(self.types[rows]).to(self.device))

    def _positions(self, cell_of: np.ndarray, columns: np.ndarray, n_cells: int) -> Pattern:
        """Entries sorted by cell and column, as rows of one chromosome of one cell each."""
        pairs = cell_of * self.n_blocks + self.block_of[columns]
        counts = np.bincount(pairs, minlength=n_cells * self.n_blocks)
        pointers = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        return Pattern(pointers, columns.astype(np.int32), len(self.block_of))


Batch = TypeVar("Batch")


class Prefetched(Generic[Batch]):
    """Batches in the order they are made, each made by a thread while the one before is used.

    NumPy and SciPy let other threads run while they work, and a batch takes a third of a step. One
    thread makes them all, one after the other: the random numbers are the same as without.

    Parameters
    ----------
    make
        Makes the next batch.

    Examples
    --------
    >>> numbers = iter(range(5))
    >>> with Prefetched(lambda: next(numbers)) as batches:
    ...     batches.next(), batches.next()
    (0, 1)
    """

    def __init__(self, make: Callable[[], Batch]) -> None:
        self._make = make
        self._pool = ThreadPoolExecutor(1)
        self._coming: Future[Batch] = self._pool.submit(make)

    def next(self) -> Batch:
        """Return the next batch, and begin the one after."""
        batch = self._coming.result()
        self._coming = self._pool.submit(self._make)
        return batch

    def __enter__(self) -> "Prefetched[Batch]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Waits for the one begun last, so that nothing draws random numbers afterwards.
        self._pool.shutdown(wait=True)
