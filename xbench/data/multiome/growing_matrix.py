"""A sparse matrix that is put together row by row, in little more memory than it takes."""

from __future__ import annotations

import numpy as np
from scipy import sparse


class GrowingMatrix:
    """A CSR matrix that rows are added to.

    Room for all entries is reserved at once; the system provides memory only where it is written.
    Whole numbers are held in as few bytes as they need: a byte is enough for nearly all peaks.

    Parameters
    ----------
    width
        How many columns it has.
    entries
        How many stored numbers it can have at most.

    Examples
    --------
    >>> growing = GrowingMatrix(width=2, entries=9)
    >>> growing.add(sparse.csr_matrix([[1, 0], [0, 300]]))
    >>> growing.finished().toarray().tolist()
    [[1, 0], [0, 300]]
    """

    def __init__(self, width: int, entries: int) -> None:
        self._width = width
        self._data: np.ndarray = np.empty(entries, np.uint8)
        self._indices = np.empty(entries, np.int32)
        self._counts: list[np.ndarray] = []
        self._filled = 0

    def add(self, rows: sparse.csr_matrix) -> None:
        """Add rows below those that are there."""
        end = self._filled + rows.nnz
        self._widen(rows.data)
        self._data[self._filled : end] = rows.data
        self._indices[self._filled : end] = rows.indices
        self._counts.append(np.diff(rows.indptr))
        self._filled = end

    def _widen(self, values: np.ndarray) -> None:
        """Make sure that the kind of number can hold the values."""
        if not values.size:
            return
        needed = values.dtype
        if needed.kind in "iu":
            extremes = (np.min_scalar_type(int(edge)) for edge in (values.min(), values.max()))
            needed = np.promote_types(*extremes)
        kind = np.promote_types(self._data.dtype, needed)
        if kind != self._data.dtype:
            wider = np.empty(len(self._data), kind)
            wider[: self._filled] = self._data[: self._filled]
            self._data = wider

    def finished(self) -> sparse.csr_matrix:
        """Return the matrix of all rows."""
        lengths = np.concatenate([np.zeros(1, np.int64), *self._counts])
        indptr = np.cumsum(lengths, dtype=np.int64)
        entries = (self._data[: self._filled], self._indices[: self._filled], indptr)
        return sparse.csr_matrix(entries, shape=(len(indptr) - 1, self._width))
