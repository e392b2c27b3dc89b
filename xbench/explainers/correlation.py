"""Pearson correlations of the columns of a sparse matrix with a vector."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp


def correlations(x: sp.csr_matrix | np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return each column's Pearson correlation with `y`; 0 where either of them never varies.

    The least work is one multiply-add an entry: x is never centred, which would fill it.

    Parameters
    ----------
    x
        Shape (n, d).
    y
        Shape (n,).

    Returns
    -------
    ndarray
        Shape (d,), float64, in -1..1.

    Examples
    --------
    >>> x = np.array([[0, 1, 1], [1, 1, 0], [1, 1, 0]])
    >>> correlations(x, np.array([1.0, 3.0, 3.0]))
    array([ 1.,  0., -1.])
    """
    columns = sp.csc_matrix(x, dtype=np.float64)
    measured = np.asarray(y, dtype=np.float64)
    centred = measured - measured.mean()
    total = np.asarray(columns.sum(axis=0)).ravel()
    square = np.asarray(columns.multiply(columns).sum(axis=0)).ravel()
    variation = square - total**2 / len(centred)
    # What is left of a constant is rounding: some 1e-16 of the square, or of the number itself.
    varies = (variation > 1e-10 * square) & (centred @ centred > 1e-20 * (measured @ measured))
    scale = np.sqrt(np.where(varies, variation, 1.0) * (centred @ centred))
    product = columns.T @ centred
    return np.clip(np.divide(product, scale, out=np.zeros_like(product), where=varies), -1, 1)
