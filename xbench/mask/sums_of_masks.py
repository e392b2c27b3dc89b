"""Sums of the rows that each of many masks takes, eight rows at a time looked up in a table.

A mask of 8 features is one of 256, and the sums of all 256 are made by 256 additions. So a mask
costs one addition for eight features instead of eight multiply-adds: the "method of the four
Russians" (Arlazarov, Dinic, Kronrod and Faradzev 1970). With 2,048 masks that is a seventh of the
arithmetic of a matrix product, and no mask becomes a number.
"""

import numba
import numpy as np

from xbench.utils.compiled import compiled

# Features of a table.
BITS = 8
# Tables looked up together, so that a sum is read and written once for all of them.
TABLES = 4
# Masks from which on a table of 2**BITS sums pays.
MANY = 1 << BITS
# Numbers of the sums that are added to at once, which stay in a core's second cache.
TOGETHER = 2**17


def sums_of_masks(masks: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return masks @ rows, float32, shape (n, width).

    Parameters
    ----------
    masks
        Boolean, shape (n, features).
    rows
        float32, shape (features, width).

    Examples
    --------
    >>> masks = np.array([[True, False, True], [False, True, True]])
    >>> sums_of_masks(masks, np.array([[1.0], [2.0], [4.0]], dtype=np.float32))
    array([[5.],
           [6.]], dtype=float32)
    """
    size = BITS * TABLES
    filled = np.zeros((-(-len(rows) // size) * size, rows.shape[1]), dtype=np.float32)
    filled[: len(rows)] = rows
    packed = np.packbits(masks, axis=1, bitorder="little")
    codes = np.zeros((len(filled) // BITS, len(masks)), dtype=np.uint8)
    codes[: packed.shape[1]] = packed.T
    result = np.zeros((len(masks), rows.shape[1]), dtype=np.float32)
    tables = np.zeros((TABLES, 1 << BITS, rows.shape[1]), dtype=np.float32)
    together = max(MANY, TOGETHER // max(1, rows.shape[1]))
    for start in range(0, len(masks), together):
        here = slice(start, start + together)
        _add_looked_up(np.ascontiguousarray(codes[:, here]), filled, tables, result[here])
    return result


@compiled(
    numba.void(
        numba.uint8[:, ::1], numba.float32[:, ::1], numba.float32[:, :, ::1], numba.float32[:, ::1]
    ),
    freedom=frozenset({"reassoc"}),
)
def _add_looked_up(
    codes: np.ndarray, rows: np.ndarray, tables: np.ndarray, result: np.ndarray
) -> None:
    # The tables' own shape, not the constants, of which a compiler would unroll every sum: 17 s.
    n_tables, n_codes = tables.shape[0], tables.shape[1]
    for first in range(0, len(codes), n_tables):
        for table in range(n_tables):
            # Sums with one more row are those without it plus that row; of no row they stay 0.
            at_row, size = (first + table) * BITS, 1
            while size < n_codes:
                row = rows[at_row]
                for code in range(size):
                    before, after = tables[table, code], tables[table, size + code]
                    for at in range(len(row)):
                        after[at] = before[at] + row[at]
                at_row, size = at_row + 1, 2 * size
        for mask in range(len(result)):
            one, two = tables[0, codes[first, mask]], tables[1, codes[first + 1, mask]]
            three, four = tables[2, codes[first + 2, mask]], tables[3, codes[first + 3, mask]]
            own = result[mask]
            for at in range(len(own)):
                own[at] += (one[at] + two[at]) + (three[at] + four[at])
