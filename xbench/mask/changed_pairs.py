"""Which (cell, feature) and (cell, group) pairs masking changes, and by how much.

A learned mask can do something at these pairs and nowhere else.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from xbench.mask.population import Groups


@dataclass(frozen=True)
class ChangedPairs:
    """Pairs of a cell and a group in which masking the group changes some input.

    Parameters
    ----------
    cell, group
        Of each pair, sorted by both, shape (pairs,).
    pair
        The pair that each change belongs to, ascending, shape (changes,).
    feature, change
        Which input changes and by how much, ``p_j - x_j``, never 0; features of a pair ascend.
    """

    cell: np.ndarray
    group: np.ndarray
    pair: np.ndarray
    feature: np.ndarray
    change: np.ndarray


def changed_pairs(
    inputs: sp.csr_matrix, perturbation: np.ndarray, groups: Groups, together: int
) -> Iterator[ChangedPairs]:
    """Find changed pairs, some cells at a time, in order of the cells.

    Parameters
    ----------
    inputs
        The groups' features in their order: CSR, float32, sorted indices, shape (n, features in
        groups).
    perturbation
        p of these features, shape (features in groups,).
    groups
        Without the features that are masked already.
    together
        Inputs looked at in one piece, at most, where one cell does not have more.
    """
    # Where p is 0 only stored entries change; elsewhere nearly every feature of a group may.
    stored = np.diff(inputs.indptr)
    width = np.full_like(stored, inputs.shape[1]) if perturbation.any() else stored
    for first, last in _pieces(width, together):
        changes = changing_pairs(inputs[first:last], perturbation)
        cell = np.repeat(np.arange(first, last), np.diff(changes.indptr))
        group = groups.number[changes.indices]
        starts = run_starts(cell, group)
        yield ChangedPairs(
            cell[starts],
            group[starts],
            np.cumsum(starts) - 1,
            groups.features[changes.indices],
            changes.data,
        )


def run_starts(*keys: np.ndarray) -> np.ndarray:
    """Return where a run of equal keys begins, shape (n,), boolean.

    Examples
    --------
    >>> run_starts(np.array([4, 4, 4, 7]), np.array([1, 1, 2, 2]))
    array([ True, False,  True,  True])
    """
    starts = np.zeros(len(keys[0]), dtype=bool)
    starts[:1] = True
    for key in keys:
        starts[1:] |= key[1:] != key[:-1]
    return starts


def _pieces(width: np.ndarray, together: int) -> Iterator[tuple[int, int]]:
    """Cut rows into pieces whose widths add up to at most `together`, or that are one row."""
    first, total = 0, 0
    for row, entries in enumerate(width.tolist()):
        if row > first and total + entries > together:
            yield first, row
            first, total = row, 0
        total += entries
    if first < len(width):
        yield first, len(width)


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
