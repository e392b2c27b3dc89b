"""Exact effects of single groups for any module: a full pass of the population for each."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from xbench.mask.groups import Groups


def dense_effects(
    inputs: sp.csr_matrix | np.ndarray,
    perturbation: np.ndarray,
    groups: Groups,
    subset: np.ndarray,
    losses_of: Callable[[np.ndarray], np.ndarray],
) -> sp.csr_matrix:
    """Mask each group on top of the subset.

    Parameters
    ----------
    inputs
        CSR or array, shape (n, d).
    perturbation
        p, shape (d,).
    groups
        Without the features of the subset.
    subset
        Masked before.
    losses_of
        Losses of the cells with some features masked, shape (n,).

    Returns
    -------
    csr_matrix
        float32, shape (n, groups); an entry for each pair in which masking changes an input.
    """
    columns = sp.csc_matrix(inputs)
    edges = np.searchsorted(groups.number, np.arange(groups.count + 1))
    unmasked = losses_of(subset)
    cells, changes = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.float32)]
    for first, last in pairwise(edges):
        group = groups.features[first:last]
        changed = (columns[:, group].toarray() != perturbation[group]).any(axis=1)
        cells.append(np.flatnonzero(changed))
        changes.append((losses_of(np.append(subset, group)) - unmasked)[changed])
    pointers = np.cumsum([len(some) for some in cells])
    entries = (np.concatenate(changes), np.concatenate(cells), pointers)
    return sp.csc_matrix(entries, shape=(len(unmasked), groups.count)).tocsr()
