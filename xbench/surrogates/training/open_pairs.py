"""Sums over cells of numbers that belong to a cell's open peaks, and to pairs of them, compiled.

A cell has some 3 of a gene's 40 candidates open, and some 40 of the 800 peaks near it: 6 pairs of
820, and 820 of 320,000. Only these are passed, each cell's numbers are made once, where they are
needed, and nothing of the size (cells, products) is written. Cells are added one after the other,
without regrouping: the same bits on every machine.
"""

import numba
import numpy as np
import scipy.sparse as sp

from xbench.utils.compiled import EXACT, compiled


def squares(opened: sp.csr_matrix, amounts: np.ndarray) -> np.ndarray:
    """Return the sum over cells of ``x_j x_l q`` for all pairs of peaks, symmetric, shape (K, K).

    Parameters
    ----------
    opened
        Zeros and ones, shape (n, K), indices sorted.
    amounts
        q, shape (n,).

    Examples
    --------
    >>> opened = sp.csr_matrix([[1.0, 1.0], [0.0, 1.0]])
    >>> squares(opened, np.array([2.0, 5.0])).tolist()
    [[2.0, 2.0], [2.0, 7.0]]
    """
    upper = np.zeros((opened.shape[1],) * 2)
    _add_squares(*_pattern(opened), np.ascontiguousarray(amounts, dtype=np.float64), upper)
    return np.triu(upper) + np.triu(upper, 1).T


def products_through(
    opened: sp.csr_matrix,
    through: np.ndarray,
    curved: np.ndarray,
    weighted: np.ndarray,
    left: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return what a step of `noisy_or_fit.fitted` needs of the open peaks of all cells.

    Parameters
    ----------
    opened
        Zeros and ones, shape (n, K), indices sorted.
    through
        What a peak's sum moves, t, shape (ways, n), of the type of the sums.
    curved, left
        c and l, shape (n,).
    weighted
        o, shape (others, n).

    Returns
    -------
    tuple of ndarray
        The sums of ``x_j x_l t_a t_b c`` for ways a <= b, symmetric in j and l, shape (K, K, pairs
        of ways); and those of ``x_j t_a o_b``, then of ``x_j t_a l``, shape (K, ways (others + 1)).

    Examples
    --------
    >>> opened = sp.csr_matrix([[1.0, 1.0], [0.0, 1.0]])
    >>> ones = np.ones((1, 2))
    >>> pairs, single = products_through(opened, 2 * ones, ones[0], 3 * ones, ones[0])
    >>> pairs[:, :, 0].tolist(), single.tolist()
    ([[4.0, 4.0], [4.0, 8.0]], [[6.0, 2.0], [12.0, 4.0]])
    """
    (ways, _), (others, _), n_peaks = through.shape, weighted.shape, opened.shape[1]
    pairs = np.zeros((n_peaks, n_peaks, ways * (ways + 1) // 2), dtype=through.dtype)
    single = np.zeros((n_peaks, ways * (others + 1)), dtype=through.dtype)
    through, curved, weighted, left = (
        np.ascontiguousarray(one, through.dtype) for one in (through, curved, weighted, left)
    )
    _add_products(*_pattern(opened), through, curved, weighted, left, pairs, single)
    below = np.swapaxes(pairs, 0, 1).copy()
    below[np.arange(n_peaks), np.arange(n_peaks)] = 0.0
    return pairs + below, single


def _pattern(opened: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    # As SciPy keeps them: a gene's pattern is passed at each step of its fit, and not copied.
    return opened.indptr.astype(np.int32, copy=False), opened.indices.astype(np.int32, copy=False)


def _of(dtype: numba.types.Type, dimensions: int) -> numba.types.Type:
    return numba.types.Array(dtype, dimensions, "C", readonly=True)


_PATTERN = (_of(numba.int32, 1), _of(numba.int32, 1))


@compiled(numba.void(*_PATTERN, _of(numba.float64, 1), numba.float64[:, ::1]), freedom=EXACT)
def _add_squares(
    pointers: np.ndarray, indices: np.ndarray, amounts: np.ndarray, upper: np.ndarray
) -> None:
    for cell in range(len(pointers) - 1):
        amount = amounts[cell]
        for first in range(pointers[cell], pointers[cell + 1]):
            row = upper[indices[first]]
            for second in range(first, pointers[cell + 1]):
                row[indices[second]] += amount


def _signature(dtype: numba.types.Type) -> numba.core.typing.Signature:
    table, column = _of(dtype, 2), _of(dtype, 1)
    return numba.void(*_PATTERN, table, column, table, column, dtype[:, :, ::1], dtype[:, ::1])


@compiled(_signature(numba.float32), _signature(numba.float64), freedom=EXACT)
def _add_products(
    pointers: np.ndarray,
    indices: np.ndarray,
    through: np.ndarray,
    curved: np.ndarray,
    weighted: np.ndarray,
    left: np.ndarray,
    pairs: np.ndarray,
    single: np.ndarray,
) -> None:
    ways, others = len(through), len(weighted)
    squared = np.empty(pairs.shape[2], dtype=pairs.dtype)
    mixed = np.empty(single.shape[1], dtype=single.dtype)
    for cell in range(len(pointers) - 1):
        start, end = pointers[cell], pointers[cell + 1]
        if start == end:
            continue
        at = 0
        for one in range(ways):
            for two in range(one, ways):
                squared[at] = through[one, cell] * (through[two, cell] * curved[cell])
                at += 1
        for one in range(ways):
            for other in range(others):
                mixed[one * others + other] = through[one, cell] * weighted[other, cell]
            mixed[ways * others + one] = through[one, cell] * left[cell]
        for first in range(start, end):
            own, among = single[indices[first]], pairs[indices[first]]
            for at in range(len(mixed)):
                own[at] += mixed[at]
            for second in range(first, end):
                both = among[indices[second]]
                for at in range(len(squared)):
                    both[at] += squared[at]
