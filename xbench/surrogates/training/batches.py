"""Batches of cells for training, kept sparse; the next is made while one is trained on.

For losses that are about counts, the counts behind normalised expression are recovered.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, TypeVar

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from xbench.data.dataset import Dataset
from xbench.data.preprocess import COUNTS_PER_CELL
from xbench.errors import XbenchError
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
    def of(cls, dataset: Dataset, device: str = "cpu") -> TrainingCells:
        """Take the matrices of a multiome dataset; they stay where and what they are."""
        peaks, genes = as_they_are(dataset.X), as_they_are(dataset.Y)
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
        values = self.genes[rows].toarray().astype(np.float32, copy=False)
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


def as_they_are(matrix: Any) -> sp.csr_matrix:
    """Return a matrix as CSR, mapped where it was: batches are then read from the page cache."""
    return matrix if isinstance(matrix, sp.csr_matrix) else sp.csr_matrix(matrix)


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

    def __enter__(self) -> Prefetched[Batch]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Waits for the one begun last, so that nothing draws random numbers afterwards.
        self._pool.shutdown(wait=True)


# A rate per 1e5 that is no count's: beyond these a count, a ratio of two, leaves 32-bit numbers.
SMALLEST_RATE, LARGEST_RATE = 1e-18, 1e18
# Bounds of the size of a negative binomial: beyond them neither data nor losses tell a difference.
SMALLEST_SIZE, LARGEST_SIZE = 0.3, 1e4


@dataclass(frozen=True)
class Counts:
    """Counts of some cells and how deeply each was sequenced.

    Parameters
    ----------
    counts
        Shape (n, genes), CSR, float32.
    exposure
        Counts of a cell per 1e5, shape (n,), float32, above 0: the expected count is the rate per
        1e5 times this.
    """

    counts: sp.csr_matrix
    exposure: np.ndarray


def recovered_counts(expression: sp.csr_matrix) -> Counts:
    """Undo ``log1p(1e5 count / total)``: datasets keep normalised values only.

    A cell's smallest value above 0 stands for one count, so that the others are whole multiples of
    it. Where a cell has no single count its numbers are all too small by one factor, and so is its
    exposure: rates are the same.

    Parameters
    ----------
    expression
        Shape (n, genes), log1p of counts per 1e5. Zeros may be stored; it is left as it is.

    Returns
    -------
    Counts
        A cell without any count gets the median exposure.

    Raises
    ------
    XbenchError
        Where a value is below 0, not finite, or no logarithm of a count: it names the first.

    Examples
    --------
    >>> found = recovered_counts(sp.csr_matrix(np.log1p([[25_000.0, 75_000.0], [0.0, 0.0]])))
    >>> found.counts.toarray().round(3).tolist(), (found.exposure * 1e5).round().tolist()
    ([[1.0, 3.0], [0.0, 0.0]], [4.0, 4.0])
    """
    rows = sp.csr_matrix(expression)
    if not rows.data.all():
        # A stored zero would pass for the smallest count; the matrix may be mapped from a file.
        rows = rows.copy()
        rows.eliminate_zeros()
    with np.errstate(over="ignore", invalid="ignore"):
        rates = np.expm1(rows.data.astype(np.float64))
    _check_rates(rows, rates)
    filled = np.flatnonzero(np.diff(rows.indptr))
    smallest = np.full(rows.shape[0], np.nan)
    if len(filled):
        smallest[filled] = np.minimum.reduceat(rates, rows.indptr[filled])
    exposure = 1.0 / smallest
    usual = np.nanmedian(exposure) if len(filled) else 1.0 / COUNTS_PER_CELL
    exposure[np.isnan(exposure)] = usual
    counts = rates * np.repeat(exposure, np.diff(rows.indptr))
    matrix = sp.csr_matrix((counts.astype(np.float32), rows.indices, rows.indptr), rows.shape)
    return Counts(matrix, exposure.astype(np.float32))


def _check_rates(rows: sp.csr_matrix, rates: np.ndarray) -> None:
    """Refuse what no count can be behind, by the first such value."""
    wrong = ~((rates >= SMALLEST_RATE) & (rates <= LARGEST_RATE))
    if not wrong.any():
        return
    entry = int(np.argmax(wrong))
    cell = int(np.searchsorted(rows.indptr, entry, side="right")) - 1
    raise XbenchError(
        f"expression of gene {rows.indices[entry]} in cell {cell} of {rows.shape[0]}: "
        f"{rows.data[entry]:g} is not log1p of normalised counts ({wrong.sum():,} of "
        f"{len(wrong):,} values are below 0, not finite, or too small or large); give counts, or "
        "values that were log-normalised and not scaled"
    )


def dispersion_size(squares: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Size r of a negative binomial with variance ``mean + mean^2 / r``, by moments.

    Parameters
    ----------
    squares
        Sum of squared means of each gene, shape (genes,).
    excess
        Sum of ``(count - mean)^2 - mean`` of each gene, shape (genes,).

    Examples
    --------
    >>> dispersion_size(np.array([8.0]), np.array([2.0])).tolist()
    [4.0]
    """
    size = squares / np.maximum(excess, 1e-12)
    return np.clip(size, SMALLEST_SIZE, LARGEST_SIZE)
