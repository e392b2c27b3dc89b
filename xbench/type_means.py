"""Means of cells by cell type."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from xbench.data.dataset import MINIMUM_CELLS


def counted_types(cell_types: np.ndarray, minimum: int = MINIMUM_CELLS) -> np.ndarray:
    """Return the cell types with cells enough for a mean, in alphabetical order.

    Parameters
    ----------
    cell_types
        Shape (n,), the type of each cell.
    minimum
        Fewest cells of a type.

    Examples
    --------
    >>> counted_types(np.array(["a", "b", "a"]), minimum=2).tolist()
    ['a']
    """
    names, counts = np.unique(cell_types, return_counts=True)
    return names[counts >= minimum]


def type_means(
    values: sparse.csr_matrix | np.ndarray, cell_types: np.ndarray, names: np.ndarray
) -> np.ndarray:
    """Mean of each column over the cells of each type.

    Parameters
    ----------
    values
        Shape (n, columns), sparse or dense.
    cell_types
        Shape (n,).
    names
        The types wanted, in the order of the rows returned.

    Returns
    -------
    ndarray
        float64, shape (types, columns); NaN for a type without a cell.

    Examples
    --------
    >>> types = np.array(["a", "b", "b"])
    >>> type_means(np.array([[1.0], [2], [6]]), types, np.array(["b", "a"])).tolist()
    [[4.0], [1.0]]
    """
    members = (np.asarray(names, dtype=str)[:, None] == cell_types).astype(np.float64)
    sums = sparse.csr_matrix(members) @ values
    dense = sums.toarray() if sparse.issparse(sums) else np.asarray(sums)
    counts = members.sum(axis=1, keepdims=True)
    return np.divide(dense, counts, out=np.full(dense.shape, np.nan), where=counts > 0)
