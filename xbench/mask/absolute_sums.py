"""Sums over cells of |gradient by a feature|, in one compiled pass that keeps no product.

The gradient by feature j of cell c is g_c . w_j. A sum of absolute values needs each of them, so
the least work is one product of `hidden` numbers for each cell and feature; but as a matrix they
would be written, made positive and read again, which takes longer than the products themselves.
Here a feature's products with some cells stay in the nearest cache, and only their sum leaves it.
"""

import numba
import numpy as np

from xbench.utils.compiled import compiled

# Cells at a time: their gradients, and a feature's products with them, stay in the first cache.
CELLS = 128


def absolute_sums(gradient: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the sum over cells of |g_c . w_j| for each feature j, shape (features,).

    Parameters
    ----------
    gradient
        By the hidden sums of one block, float32, shape (cells, hidden).
    weight
        Of the block's features, float32, shape (features, hidden).

    Examples
    --------
    >>> g = np.array([[1.0, 2.0], [-3.0, 0.0]], dtype=np.float32)
    >>> absolute_sums(g, np.array([[1.0, 1.0], [0.0, -1.0]], dtype=np.float32))
    array([6., 2.], dtype=float32)
    """
    result = np.zeros(len(weight), dtype=np.float32)
    for start in range(0, len(gradient), CELLS):
        by_hidden = np.ascontiguousarray(gradient[start : start + CELLS].T)
        _add_absolute(by_hidden, np.ascontiguousarray(weight), result)
    return result


@compiled(numba.void(numba.float32[:, ::1], numba.float32[:, ::1], numba.float32[::1]))
def _add_absolute(gradient: np.ndarray, weight: np.ndarray, result: np.ndarray) -> None:
    width, cells = gradient.shape
    whole = width - width % 4
    products = np.empty(cells, np.float32)
    for feature in range(len(weight)):
        own = weight[feature]
        products[:] = 0
        # Four numbers at a time pass the products less often.
        for at in range(0, whole, 4):
            a, b, c, d = own[at], own[at + 1], own[at + 2], own[at + 3]
            first, second = gradient[at], gradient[at + 1]
            third, fourth = gradient[at + 2], gradient[at + 3]
            for cell in range(cells):
                products[cell] += (
                    a * first[cell] + b * second[cell] + c * third[cell] + d * fourth[cell]
                )
        for at in range(whole, width):
            for cell in range(cells):
                products[cell] += own[at] * gradient[at, cell]
        total = np.float32(0)
        for cell in range(cells):
            total += abs(products[cell])
        result[feature] += total
