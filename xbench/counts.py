"""Counts of a sparse matrix: checked, made binary, or normalised. Nothing here is made dense."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from xbench.digest import canonical
from xbench.errors import XbenchError

COUNTS_PER_CELL = 1e5


def as_counts(matrix: object, where: str) -> sparse.csr_matrix:
    """Return any matrix as CSR in canonical form, after checking that its numbers can be counts.

    Parameters
    ----------
    matrix
        n x d, sparse or dense.
    where
        File and modality, for the error's text.

    Raises
    ------
    XbenchError
        Values that are not numbers, NaN, infinite or negative.

    Examples
    --------
    >>> as_counts(np.array([[0, 3], [1, 0]]), "rna").nnz
    2
    """
    kind = getattr(getattr(matrix, "dtype", None), "kind", "O")
    if kind not in "biuf":
        raise XbenchError(f"{where}: X holds no numbers (type {kind!r}); store counts in X")
    counts = canonical(sparse.csr_matrix(matrix))
    if kind == "f" and not np.isfinite(counts.data).all():
        raise XbenchError(f"{where}: X holds NaN or infinite values; store raw counts in X")
    if kind in "if" and counts.nnz and counts.data.min() < 0:
        lowest = counts.data.min()
        raise XbenchError(f"{where}: X holds negative values ({lowest:g}); store raw counts in X")
    return counts


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
    others = counts.data[counts.data != 1]
    if others.size and not binarize:
        raise XbenchError(
            f"{where}: X holds {others[0]:g}, but peaks must be 0 (closed) or 1 (open); "
            "pass --binarize to take every value above 0 as open"
        )
    ones = np.ones(counts.nnz, dtype=np.int8)
    return sparse.csr_matrix((ones, counts.indices, counts.indptr), shape=counts.shape)


def log_normalise(counts: sparse.csr_matrix, where: str) -> sparse.csr_matrix:
    """Scale each cell to 1e5 counts and take log1p; float32 CSR.

    A cell without a single count stays all zero: it says nothing, but dropping it would change
    who is measured. Computed in float64 and rounded once, so that machines whose log1p differs in
    the last bit still agree on the content (see `xbench.digest`).

    Parameters
    ----------
    counts
        From `as_counts`.
    where
        File and modality, for the error's text.

    Raises
    ------
    XbenchError
        A value that is not whole: the data was normalised already.

    Examples
    --------
    >>> log_normalise(sparse.csr_matrix([[1, 3], [0, 0]]), "rna").toarray().round(2).tolist()
    [[10.130000114440918, 11.229999542236328], [0.0, 0.0]]
    """
    values = counts.data.astype(np.float64)
    fractions = values[values % 1 > 0]
    if fractions.size:
        raise XbenchError(
            f"{where}: X holds {fractions[0]:g}, which is no whole number; store raw counts in X, "
            "not normalised ones"
        )
    entries = np.diff(counts.indptr)
    # Never 0 where it is divided by: a cell with an entry has a count, for no stored value is 0.
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    scaled = np.log1p(values * (COUNTS_PER_CELL / np.repeat(totals, entries)))
    rounded = scaled.astype(np.float32)
    return sparse.csr_matrix((rounded, counts.indices, counts.indptr), shape=counts.shape)
