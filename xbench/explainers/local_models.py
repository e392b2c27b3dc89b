"""A weighted linear fit around one cell by the ``lime`` package, and a pick of cells to explain.

Few explained cells together cover the features that matter: Ribeiro, Singh and Guestrin 2016,
Algorithm 2 (SP-LIME).
"""

import random
from typing import Any

import numpy as np
import scipy.sparse as sp


def local_coefficients(
    present: np.ndarray,
    values: np.ndarray,
    *,
    length: int = 0,
    choice: str = "highest-weights",
    kernel_width: float = 0.25,
) -> np.ndarray:
    """Fit the number explained to which features are present, neighbours nearby weighing more.

    LimeBase fits a ridge regression (penalty 1, intercept free) with the kernel that its package
    has for images: ``sqrt(exp(-(distance / width)^2))`` of the cosine distance to the cell.

    Parameters
    ----------
    present
        Boolean, shape (neighbours, features); False where a feature is masked, all True in the
        first row, the cell itself.
    values
        The number explained, shape (neighbours,).
    length
        Features that may have a coefficient; all where 0.
    choice
        How they are chosen: ``"highest-weights"`` in a first fit of all, or the ``"lasso-path"``
        as far as it has no more of them (K-Lasso).
    kernel_width
        Width, above 0.

    Returns
    -------
    ndarray
        How much each feature raises the number, shape (features,).

    Examples
    --------
    >>> present = np.array([[1, 1], [1, 0], [0, 1], [0, 0]] * 500, dtype=bool)
    >>> local_coefficients(present, np.array([5.0, 3.0, 2.0, 0.0] * 500)).round(1).tolist()
    [3.0, 2.0]
    """
    coefficients = np.zeros(present.shape[1])
    if not len(coefficients):
        return coefficients

    def kernel(distances: np.ndarray) -> np.ndarray:
        return np.sqrt(np.exp(-((distances / kernel_width) ** 2)))

    # Single precision halves the time; the coefficients agree to 5 digits.
    fitted = _lime_base()(kernel, random_state=0).explain_instance_with_data(
        present.astype(np.float32),
        values[:, None].astype(np.float32),
        # The cosine of a mask and the cell's own, all ones, is the root of the share present.
        1 - np.sqrt(present.mean(axis=1)),
        label=0,
        num_features=length,
        feature_selection=choice.replace("-", "_") if length else "none",
    )[1]
    for feature, coefficient in fitted:
        coefficients[feature] = coefficient
    return coefficients


def _lime_base() -> Any:
    """Import LimeBase; what it imports draws from Python's random numbers, which are put back."""
    state = random.getstate()
    try:
        from lime.lime_base import LimeBase
    finally:
        random.setstate(state)
    return LimeBase


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
