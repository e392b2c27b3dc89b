"""Products of two tables' rows at the entries of a sparse pattern, row by row, compiled.

Without a matrix of the pattern's kind being made, and with each row of the first table at hand
while its entries are passed: for narrow tables some ten times as fast as torch's product.
"""

import numba
import numpy as np

from xbench.utils.compiled import compiled


def entry_products(
    pointers: np.ndarray, indices: np.ndarray, left: np.ndarray, right: np.ndarray
) -> np.ndarray:
    """Return left[row] . right[column] for each entry, float32, shape (entries,).

    Parameters
    ----------
    pointers, indices
        Of a CSR pattern, both of one integer type.
    left, right
        float32, contiguous, shapes (rows, k) and (columns, k).

    Examples
    --------
    >>> left = np.array([[1.0, 2.0]], dtype=np.float32)
    >>> right = np.array([[3.0, 0.0], [0.0, 5.0]], dtype=np.float32)
    >>> entry_products(np.array([0, 1]), np.array([1]), left, right)
    array([10.], dtype=float32)
    """
    result = np.empty(len(indices), dtype=np.float32)
    _multiply(pointers, indices, left, right, result)
    return result


def _signature(index: numba.types.Type) -> numba.core.typing.Signature:
    def read(dtype: numba.types.Type, dimensions: int) -> numba.types.Type:
        return numba.types.Array(dtype, dimensions, "C", readonly=True)

    tables = read(numba.float32, 2), read(numba.float32, 2)
    return numba.void(read(index, 1), read(index, 1), *tables, numba.float32[::1])


@compiled(_signature(numba.int32), _signature(numba.int64))
def _multiply(
    pointers: np.ndarray,
    indices: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    result: np.ndarray,
) -> None:
    for row in range(len(pointers) - 1):
        own = left[row]
        for entry in range(pointers[row], pointers[row + 1]):
            other, total = right[indices[entry]], np.float32(0)
            for at in range(len(own)):
                total += own[at] * other[at]
            result[entry] = total
