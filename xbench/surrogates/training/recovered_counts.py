"""The counts behind normalised expression, for losses that are about counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from xbench.data.preprocess import COUNTS_PER_CELL

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
        Shape (n, genes), log1p of counts per 1e5.

    Returns
    -------
    Counts
        A cell without any count gets the median exposure.

    Examples
    --------
    >>> found = recovered_counts(sp.csr_matrix(np.log1p([[25_000.0, 75_000.0], [0.0, 0.0]])))
    >>> found.counts.toarray().round(3).tolist(), (found.exposure * 1e5).round().tolist()
    ([[1.0, 3.0], [0.0, 0.0]], [4.0, 4.0])
    """
    rows = sp.csr_matrix(expression)
    rates = np.expm1(rows.data.astype(np.float64))
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
