"""Weighted linear fits around cells, as the ``lime`` package makes them, and a pick of cells.

Few explained cells together cover the features that matter: Ribeiro, Singh and Guestrin 2016,
Algorithm 2 (SP-LIME).
"""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.linalg import cho_factor, cho_solve

from xbench.explainers.many_fits import DualSystems

# Cells with at most so many times as many features share a factor: with more, systems are so far
# from each other that conjugate gradients take too many steps.
ALIKE = 1.4


def kernel_weights(present: np.ndarray, kernel_width: float) -> np.ndarray:
    """Weight of each neighbour, ``sqrt(exp(-(distance / width)^2))``, as lime has it for images.

    Parameters
    ----------
    present
        Share of the cell's features that each neighbour has, shape (neighbours,): its root is the
        cosine of a mask and the cell's own, all ones.
    kernel_width
        Width, above 0.
    """
    return np.sqrt(np.exp(-(((1 - np.sqrt(present)) / kernel_width) ** 2)))


class SharedMasks:
    """The same tosses of a coin for every cell, and the fits that they make cheap.

    Column k says in which neighbours the cell's k-th feature is present. Cells with as many
    features have one design; with more of them, the same and further columns. In its dual form
    the ridge regression needs the product Z Z^T of the design, of (neighbours x neighbours)
    numbers, which grows column by column: over all cells it is computed once, where each cell's
    own would cost as much. What is left of a fit is one Cholesky factor, and for cells of nearly
    as many features (`coefficients_of_many`) one for all of them.

    Parameters
    ----------
    neighbours
        Masks, the first of which leaves all features.
    widest
        Most features of a cell.
    generator
        Tosses the coins.
    kernel_width
        See `kernel_weights`.
    """

    def __init__(
        self, neighbours: int, widest: int, generator: np.random.Generator, kernel_width: float
    ) -> None:
        self.present = generator.integers(0, 2, (neighbours, widest), dtype=bool)
        self.present[0] = True
        # Numbers, since a product with Booleans would convert them each time.
        self._design = self.present.astype(np.float32)
        self._kernel_width = kernel_width
        self._done = 0
        self._product = np.zeros((neighbours, neighbours), dtype=np.float32)

    def coefficients(self, values: np.ndarray, width: int) -> np.ndarray:
        """Fit the number explained to which of the first `width` features are present.

        The penalty is 1 and the intercept free, as LimeBase has it. Widths are best asked for in
        ascending order: for a smaller one than before the product begins from nothing.

        Parameters
        ----------
        values
            The number explained, shape (neighbours,).
        width
            Number of features of the cell, at least 1.

        Returns
        -------
        ndarray
            How much each feature raises the number, shape (width,).

        Examples
        --------
        >>> masks = SharedMasks(2_000, 2, np.random.default_rng(0), kernel_width=0.25)
        >>> masks.coefficients(masks.present @ np.array([3.0, 2.0]), 2).round(1).tolist()
        [3.0, 2.0]
        """
        self._extend(width)
        weights = kernel_weights(self.present[:, :width].mean(axis=1), self._kernel_width)
        share = weights / weights.sum()
        # Deviations from the weighted means of the columns, whose product with Z is Z Z^T share.
        product = self._product.astype(np.float64)
        along = product @ share
        product -= along[:, None] + along[None, :] - share @ along
        root = np.sqrt(weights)
        system = root[:, None] * product * root[None, :]
        system[np.diag_indices_from(system)] += 1.0
        left = root * (values - share @ values)
        dual = root * cho_solve(cho_factor(system, overwrite_a=True, check_finite=False), left)
        both = np.stack([dual, share]).astype(np.float32) @ self._design[:, :width]
        return both[0].astype(np.float64) - dual.sum() * both[1]

    def coefficients_of_many(
        self, values: Sequence[np.ndarray], widths: Sequence[int]
    ) -> list[np.ndarray]:
        """Fit several cells, with one Cholesky factor for those of nearly as many features.

        See `coefficients`.

        Parameters
        ----------
        values
            The numbers explained of each cell, shape (neighbours,).
        widths
            Features of each cell, ascending, at least 1.

        Returns
        -------
        list of ndarray
            What `coefficients` would return for each, up to its rounding.
        """
        found: list[np.ndarray] = []
        while len(found) < len(widths):
            first = len(found)
            last = int(np.searchsorted(widths, ALIKE * widths[first], side="right"))
            found += self._of_one_factor(values[first:last], widths[first:last])
        return found

    def _of_one_factor(
        self, values: Sequence[np.ndarray], widths: Sequence[int]
    ) -> list[np.ndarray]:
        self._extend(widths[0])
        further = self._design[:, widths[0] : widths[-1]].astype(np.float64)
        counts = np.asarray(widths) - widths[0]
        # Features present of each cell: those of the narrowest one, and of its own further ones.
        present = np.cumsum(further, axis=1)
        present = np.concatenate([np.zeros((len(present), 1)), present], axis=1)[:, counts]
        present += self.present[:, : widths[0]].sum(axis=1)[:, None]
        weights = kernel_weights(present / np.asarray(widths), self._kernel_width)
        systems = DualSystems(self._product.astype(np.float64), further, counts, weights)
        numbers, share = np.stack(values, axis=1), systems.shares
        root = np.sqrt(weights)
        dual = root * systems.solved(root * (numbers - (share * numbers).sum(axis=0)))
        both = np.concatenate([dual, share], axis=1).astype(np.float32)
        found = both.T @ self._design[:, : widths[-1]]
        return [
            found[cell, :width].astype(np.float64)
            - dual[:, cell].sum() * found[len(widths) + cell, :width]
            for cell, width in enumerate(widths)
        ]

    def _extend(self, width: int) -> None:
        """Let the product be that of the first `width` columns."""
        if width < self._done:
            self._done = 0
            self._product[:] = 0
        more = self._design[:, self._done : width]
        # Whole numbers below 2^24: single precision holds them exactly.
        self._product += more @ more.T
        self._done = width


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

    # Single precision halves the time; the coefficients agree to 5 digits.
    base = _lime_base()(lambda share: kernel_weights(share, kernel_width), random_state=0)
    fitted = base.explain_instance_with_data(
        present.astype(np.float32),
        values[:, None].astype(np.float32),
        present.mean(axis=1),
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
