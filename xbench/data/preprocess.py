"""Counts of a sparse matrix: checked, made binary, or normalised. Nothing here is made dense."""

from typing import Any

import numpy as np
from scipy import sparse

from xbench.data.digest import canonical
from xbench.errors import XbenchError

COUNTS_PER_CELL = 1e5


# Half precision holds every whole number up to here, and not every one above.
_HALF_EXACT = 2048


def as_counts(matrix: object, where: str, elsewhere: str = "") -> sparse.csr_matrix:
    """Return any matrix as CSR in canonical form, after checking that its numbers can be counts.

    What is stored twice is added up in a kind of number that can hold the sum.

    Parameters
    ----------
    matrix
        n x d, sparse or dense.
    where
        File and modality, for the error's text.
    elsewhere
        Where else counts are, for the error's text.

    Raises
    ------
    XbenchError
        Values that are not numbers, NaN, infinite or negative, or too large for their kind.

    Examples
    --------
    >>> as_counts(np.array([[0, 3], [1, 0]]), "rna").nnz
    2
    """
    kind = getattr(getattr(matrix, "dtype", None), "kind", "O")
    if kind not in "biuf":
        raise XbenchError(
            f"{where}: X holds no numbers (type {kind!r}); store counts in X{elsewhere}"
        )
    counts = canonical(_in_usual_precision(matrix, where))
    if kind == "f" and not np.isfinite(counts.data).all():
        raise XbenchError(
            f"{where}: X holds NaN or infinite values; store raw counts in X{elsewhere}"
        )
    if kind in "if" and counts.nnz and counts.data.min() < 0:
        lowest = counts.data.min()
        raise XbenchError(
            f"{where}: X holds negative values ({lowest:g}); store raw counts in X{elsewhere}"
        )
    return counts


def checked_sparse(matrix: Any) -> Any:
    """Return a CSR or CSC matrix of a file once its parts are known to fit together.

    SciPy trusts them, and would write outside of its memory. Its own check looks at no pointer of a
    matrix whose last one is 0.

    Raises
    ------
    ValueError
        A pointer falls, or an index is none of a row or column that there is.

    Examples
    --------
    >>> wrong = sparse.csr_matrix((2, 2))
    >>> wrong.indptr[:] = [0, 9, 0]
    >>> checked_sparse(wrong)
    Traceback (most recent call last):
    ValueError: indptr does not count up
    """
    if matrix.indptr[0] != 0 or (np.diff(matrix.indptr) < 0).any():
        raise ValueError("indptr does not count up")
    matrix.check_format(full_check=True)
    return matrix


def from_half_precision(values: np.ndarray, where: str) -> np.ndarray:
    """Return float16 numbers as float32, which SciPy computes with.

    Raises
    ------
    XbenchError
        One is so large that half precision may have rounded it.

    Examples
    --------
    >>> from_half_precision(np.array([3.0], np.float16), "rna").dtype
    dtype('float32')
    """
    largest = np.max(np.abs(values), initial=0.0)
    if np.isfinite(largest) and largest > _HALF_EXACT:
        raise XbenchError(
            f"{where}: X holds {largest:g} in half precision (float16), which is exact up to "
            f"{_HALF_EXACT:,} only; store counts as float32 or as whole numbers"
        )
    return values.astype(np.float32)


def _in_usual_precision(matrix: Any, where: str) -> sparse.csr_matrix:
    """Return CSR of a kind of number that SciPy computes with."""
    kind, size = matrix.dtype.kind, matrix.dtype.itemsize
    if kind == "f" and size == 2:
        matrix = from_half_precision(np.asarray(matrix), where)
    elif kind == "f" and size > 8:
        matrix = matrix.astype(np.float64)
    return sparse.csr_matrix(matrix)


def binary(counts: sparse.csr_matrix, binarize: bool, where: str) -> sparse.csr_matrix:
    """Return open (1) and closed (0) as int8 CSR.

    Parameters
    ----------
    counts
        From `as_counts`.
    binarize
        Whether every value above 0 counts as open; otherwise all must be 0 or 1 already.
    where
        File and modality, for the error's text.

    Raises
    ------
    XbenchError
        A value other than 0 and 1, without `binarize`.

    Examples
    --------
    >>> binary(sparse.csr_matrix([[0, 3]]), True, "atac").toarray().tolist()
    [[0, 1]]
    """
    if not binarize and (others := counts.data != 1).any():
        raise XbenchError(
            f"{where}: X holds {counts.data[others.argmax()]:g}, but peaks must be 0 "
            "(closed) or 1 (open); pass --binarize to take every value above 0 as open"
        )
    ones = np.ones(counts.nnz, dtype=np.int8)
    return sparse.csr_matrix((ones, counts.indices, counts.indptr), shape=counts.shape)


def require_whole(counts: sparse.csr_matrix, where: str, elsewhere: str = "") -> None:
    """Raise `XbenchError` where a value is not whole: the data was normalised already.

    Examples
    --------
    >>> require_whole(sparse.csr_matrix([[1.0, 0.0]]), "rna")
    """
    if counts.dtype.kind != "f":
        return
    fractions = counts.data[counts.data % 1 > 0]
    if fractions.size:
        raise XbenchError(
            f"{where}: X holds {fractions[0]:g}, which is no whole number; store raw counts in X, "
            f"not normalised ones{elsewhere}"
        )


def log_normalise(
    counts: sparse.csr_matrix, where: str, totals: np.ndarray | None = None
) -> sparse.csr_matrix:
    """Scale each cell to 1e5 counts and take log1p; float32 CSR.

    A cell without a single count stays all zero: it says nothing, but dropping it would change
    who is measured. Computed in float64 and rounded once, so that machines whose log1p differs in
    the last bit still agree on the content (see `xbench.data.digest`).

    Parameters
    ----------
    counts
        From `as_counts`.
    where
        File and modality, for the error's text.
    totals
        Shape (n,), the counts of each cell over all genes, where `counts` holds only some of them.

    Raises
    ------
    XbenchError
        A value that is not whole: the data was normalised already.

    Examples
    --------
    >>> log_normalise(sparse.csr_matrix([[1, 3], [0, 0]]), "rna").toarray().round(2).tolist()
    [[10.130000114440918, 11.229999542236328], [0.0, 0.0]]
    """
    require_whole(counts, where)
    rounded = np.log1p(scaled_to_total(counts, totals)).astype(np.float32)
    return sparse.csr_matrix((rounded, counts.indices, counts.indptr), shape=counts.shape)


def cell_totals(counts: sparse.csr_matrix) -> np.ndarray:
    """Return the counts of each cell, shape (n,), float64.

    Examples
    --------
    >>> cell_totals(sparse.csr_matrix([[1, 3], [0, 0]])).tolist()
    [4.0, 0.0]
    """
    return np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()


def scaled_to_total(counts: sparse.csr_matrix, totals: np.ndarray | None = None) -> np.ndarray:
    """Return the stored values as they are when each cell has 1e5 counts, float64.

    Parameters
    ----------
    counts
        From `as_counts`.
    totals
        Shape (n,), the counts of each cell, where `counts` does not hold all of them.

    Examples
    --------
    >>> scaled_to_total(sparse.csr_matrix([[1, 3], [0, 0]])).tolist()
    [25000.0, 75000.0]
    """
    totals = cell_totals(counts) if totals is None else totals
    # Never 0 where it is divided by: a cell with an entry has a count, for no stored value is 0.
    of_entries = np.repeat(totals, np.diff(counts.indptr))
    return counts.data.astype(np.float64) * (COUNTS_PER_CELL / of_entries)
