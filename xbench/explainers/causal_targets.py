"""What masking each window does to a cell, as shares; and shares of windows back to features."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp


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
