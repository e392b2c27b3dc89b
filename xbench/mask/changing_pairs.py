"""The (cell, feature) pairs that masking changes: where a learned mask can do anything."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp


def changing_pairs(inputs: sp.csr_matrix | np.ndarray, perturbation: np.ndarray) -> sp.csr_matrix:
    """Return p - x where it is not 0: with p = 0 only the open features.

    Parameters
    ----------
    inputs
        Shape (n, n_features).
    perturbation
        p, shape (n_features,).

    Returns
    -------
    csr_matrix
        float32, shape (n, n_features), sorted, no zero stored.

    Examples
    --------
    >>> pairs = changing_pairs(np.array([[1, 0, 0], [0, 2, 1]]), np.zeros(3))
    >>> pairs.indices, pairs.data
    (array([0, 1, 2], dtype=int32), array([-1., -2., -1.], dtype=float32))
    """
    rows = sp.csr_matrix(inputs, dtype=np.float32)
    if perturbation.any():
        pairs = sp.csr_matrix(perturbation.astype(np.float32) - rows.toarray())
    else:
        # A copy: what is dropped here must stay in the data.
        pairs = -rows
        pairs.sum_duplicates()
        pairs.eliminate_zeros()
    return pairs
