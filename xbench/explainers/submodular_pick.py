"""Submodular pick: few explained cells that together cover the features that matter.

Ribeiro, Singh and Guestrin 2016, Algorithm 2 (SP-LIME).
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp


def global_importance(weights: sp.csr_matrix) -> np.ndarray:
    """Importance of each feature over explanations, ``I_j = sqrt(sum_i |W_ij|)``.

    Parameters
    ----------
    weights
        W: the coefficient of feature j in the explanation of cell i, shape (cells, features).

    Returns
    -------
    ndarray
        At least 0, shape (features,).

    Examples
    --------
    >>> global_importance(sp.csr_matrix([[3.0, 0.0], [-1.0, 4.0]]))
    array([2., 2.])
    """
    return np.sqrt(np.asarray(abs(weights).sum(axis=0)).ravel())


def submodular_pick(weights: sp.csr_matrix, budget: int) -> np.ndarray:
    """Pick explanations one after the other, each adding most to what is covered.

    A feature is covered when it has a coefficient in a picked explanation, and is worth its
    global importance. What each explanation would add is one sparse product for all of them.

    Parameters
    ----------
    weights
        W, shape (cells, features).
    budget
        B, the most explanations picked.

    Returns
    -------
    ndarray
        Rows of `weights` in the order picked, shape (min(budget, cells),); of rows that add
        equally much the lower one.

    Examples
    --------
    >>> submodular_pick(sp.csr_matrix([[1.0, 1.0, 0], [0, 1.0, 0], [0, 0, 1.0]]), budget=2)
    array([0, 2])
    """
    covers = sp.csr_matrix(weights != 0, dtype=np.float64)
    worth = global_importance(weights)
    picked: list[int] = []
    for _ in range(min(budget, covers.shape[0])):
        gain = covers @ worth
        gain[picked] = -1
        best = int(np.argmax(gain))
        picked.append(best)
        worth[covers.indices[covers.indptr[best] : covers.indptr[best + 1]]] = 0
    return np.array(picked, dtype=np.int64)


def picked_importance(weights: sp.csr_matrix, picked: np.ndarray) -> np.ndarray:
    """Importance of each feature over picked explanations alone.

    The pick returns explanations; to rank features by this is our reading. Those that no picked
    explanation has rank below, in the order of their importance over all explanations.

    Parameters
    ----------
    weights
        W, shape (cells, features).
    picked
        Rows of it.

    Returns
    -------
    ndarray
        At least 0, shape (features,).

    Examples
    --------
    >>> weights = sp.csr_matrix([[4.0, 0.0, 0.0], [1.0, 16.0, 64.0]])
    >>> picked_importance(weights, np.array([0])).tolist()
    [2.0, 0.5, 1.0]
    """
    among, overall = global_importance(weights[picked]), global_importance(weights)
    lowest, highest = among[among > 0].min(initial=np.inf), overall.max(initial=0)
    if not np.isfinite(lowest):
        return overall
    return np.where(among > 0, among, overall * (lowest / (2 * highest)))
