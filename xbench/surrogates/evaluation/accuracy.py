"""How well predictions agree with observations, column by column.

Means of cells by cell type.
"""

from collections.abc import Callable

import numpy as np
from scipy import sparse

from xbench.data.dataset import MINIMUM_CELLS

# A spread below this share of the largest value is rounding of 32-bit numbers: a constant.
RESOLUTION = 1e-6
BLOCK = 512


def pearson(observed: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each column.

    Parameters
    ----------
    observed, predicted
        Shape (n, columns); rows are cells, or the means of cell types.

    Returns
    -------
    ndarray
        float64, shape (columns,), -1 to 1; NaN where it is undefined: either side is constant.

    Raises
    ------
    ValueError
        Where the two have not the same two-dimensional shape.

    Examples
    --------
    >>> pearson(np.array([[1, 5], [2, 5], [3, 5]]), np.array([[2, 1], [4, 2], [6, 3]]))
    array([ 1., nan])
    """
    return _by_columns(_pearson, observed, predicted)


def determination(observed: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Coefficient of determination of each column, 1 - (squared errors) / (squared deviations).

    Unlike the squared correlation it asks for the right level and scale too.

    Parameters
    ----------
    observed, predicted
        Shape (n, columns).

    Returns
    -------
    ndarray
        float64, shape (columns,), at most 1, 0 for a prediction of the mean observed value and
        negative for a worse one; NaN where the observed column is constant.

    Raises
    ------
    ValueError
        Where the two have not the same two-dimensional shape.

    Examples
    --------
    >>> determination(np.array([[1.0], [2], [3]]), np.array([[1.0], [2], [4]]))
    array([0.5])
    """
    return _by_columns(_determination, observed, predicted)


def _by_columns(
    measure: Callable[[np.ndarray, np.ndarray], np.ndarray],
    observed: np.ndarray,
    predicted: np.ndarray,
) -> np.ndarray:
    """Apply a measure to blocks of columns: 64-bit copies of all at once would be large."""
    if observed.shape != predicted.shape or observed.ndim != 2:
        raise ValueError(
            f"observed and predicted must have one shape (n, columns), not {observed.shape} and "
            f"{predicted.shape}"
        )
    result = np.full(observed.shape[1], np.nan)
    for start in range(0, len(result) if len(observed) else 0, BLOCK):
        block = np.s_[:, start : start + BLOCK]
        pair = observed[block].astype(np.float64), predicted[block].astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            result[block[1]] = measure(*pair)
    return result


def _pearson(observed: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    first, second = observed - observed.mean(axis=0), predicted - predicted.mean(axis=0)
    lengths = np.linalg.norm(first, axis=0) * np.linalg.norm(second, axis=0)
    correlation = np.clip((first * second).sum(axis=0) / lengths, -1, 1)
    return np.where(_varies(observed) & _varies(predicted), correlation, np.nan)


def _determination(observed: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    errors = ((observed - predicted) ** 2).sum(axis=0)
    deviations = ((observed - observed.mean(axis=0)) ** 2).sum(axis=0)
    return np.where(_varies(observed), 1 - errors / deviations, np.nan)


def _varies(values: np.ndarray) -> np.ndarray:
    return np.ptp(values, axis=0) > RESOLUTION * np.abs(values).max(axis=0)


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
