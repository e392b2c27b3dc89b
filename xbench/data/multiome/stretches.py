"""Rows of a sparse matrix a few at a time, so that work on them takes bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def stretches(indptr: np.ndarray, entries: int) -> Iterator[tuple[int, int]]:
    """Yield consecutive rows, first and last (excluded), with up to so many stored numbers.

    Parameters
    ----------
    indptr
        Shape (n + 1,), where the stored numbers of each row begin, as in a CSR matrix.
    entries
        How many stored numbers there may be at once; a row that has more comes alone.

    Examples
    --------
    >>> list(stretches(np.array([0, 2, 3, 9, 9]), 3))
    [(0, 2), (2, 3), (3, 4)]
    """
    first = 0
    while first < len(indptr) - 1:
        beyond = int(np.searchsorted(indptr, indptr[first] + entries, side="right")) - 1
        last = max(beyond, first + 1)
        yield first, last
        first = last
