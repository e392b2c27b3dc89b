"""How well a surrogate predicts cells it has not seen (paper, Section 5.2).

Predictions and observations are compared column by column, and by their means by cell type.
"""

from collections.abc import Callable, Mapping

import numpy as np
import scipy.sparse as sp
import torch
from scipy import sparse
from torch import Tensor

from xbench.data.cell_types import present_markers
from xbench.data.dataset import MINIMUM_CELLS, Dataset
from xbench.errors import XbenchError
from xbench.surrogates.surrogate import Surrogate
from xbench.utils.sparse import dense_tensor

CHUNK = 1024


def predict(surrogate: Surrogate, x: sp.csr_matrix) -> np.ndarray:
    """Outputs for sparse inputs, shape (n, n_outputs)."""
    with torch.no_grad():
        parts = [
            surrogate.of_sparse(x[start : start + CHUNK].astype(np.float32)).numpy()
            for start in range(0, x.shape[0], CHUNK)
        ]
    return np.concatenate(parts)


def predict_rows(surrogate: Surrogate, dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Outputs for some cells of a dataset, read some at a time, shape (rows, n_outputs)."""
    model, parts = surrogate.frozen(), []
    for start in range(0, len(rows), CHUNK):
        inputs = surrogate.inputs_of(dataset, rows[start : start + CHUNK])
        # Of a table, not of peaks: every number is there.
        parts.append(
            predict(model, inputs if sparse.issparse(inputs) else sparse.csr_matrix(inputs))
        )
    return np.concatenate(parts)


def from_sums(
    surrogate: Surrogate, x: sp.csr_matrix, question: Callable[[Tensor], Tensor]
) -> np.ndarray:
    """Ask what a surrogate makes of the hidden sums of sparse inputs, some cells at a time.

    Parameters
    ----------
    surrogate
        On the CPU.
    x
        Shape (n, n_features).
    question
        From hidden sums, shape (cells, n_blocks, hidden), to shape (cells, answers).

    Returns
    -------
    ndarray
        Shape (n, answers).
    """
    layer = surrogate.additive_layer()
    inputs = x.astype(np.float32)
    with torch.no_grad():
        parts = [
            question(layer.sparse_sums(inputs[start : start + CHUNK])).numpy()
            for start in range(0, inputs.shape[0], CHUNK)
        ]
    return np.concatenate(parts)


def expression_fit(
    surrogate: Surrogate, dataset: Dataset, train_rows: np.ndarray | None = None
) -> dict[str, float]:
    """Squared correlation of predicted and observed cell-type means on test cells.

    Parameters
    ----------
    surrogate, dataset
        What is measured, and on what; there must be a test cell.
    train_rows
        The cells it was trained on; the training part where None.

    Returns
    -------
    dict
        ``test_type_mean_r2``: median over genes of the squared Pearson correlation across cell
        types with at least 10 test cells; ``test_type_mean_r2_genes``: genes it could be computed
        for (both means vary). Where the data hold marker genes of the paper, also
        ``marker_type_mean_r2``: its mean over them, and ``marker_type_mean_r2_genes``. NaN where
        there is no such gene: nothing varies across fewer than two types. ``test_error``: mean
        squared error of an entry on test cells; ``type_means_error``: that of predicting the mean
        of the cells of a cell's type among `train_rows`, which no surrogate should do worse than
        (`worse_than_type_means`).

    Raises
    ------
    XbenchError
        Where there is no test cell.
    """
    if dataset.Y is None:
        raise ValueError(f"{dataset.name} has no expression to compare with")
    rows = dataset.split.test
    if not len(rows):
        raise XbenchError(f"{dataset.name}: has no test cell to measure a surrogate on")
    train = dataset.split.train if train_rows is None else train_rows
    types = dataset.cell_types[rows]
    names = counted_types(types)
    outputs = predict_rows(surrogate, dataset, rows)
    predicted = type_means(outputs, types, names)
    squared = pearson(type_means(dataset.Y[rows], types, names), predicted) ** 2
    defined = squared[np.isfinite(squared)]
    fit = {
        "test_type_mean_r2": float(np.median(defined)) if defined.size else float("nan"),
        "test_type_mean_r2_genes": len(defined),
    }
    fit["test_error"] = squared_error(outputs, dataset.Y[rows])
    of_means = type_mean_prediction(dataset, rows, train)
    fit["type_means_error"] = squared_error(of_means, dataset.Y[rows])
    markers = list(present_markers(dataset.output_features).values())
    if markers:
        defined = squared[markers][np.isfinite(squared[markers])]
        fit["marker_type_mean_r2"] = float(defined.mean()) if defined.size else float("nan")
        fit["marker_type_mean_r2_genes"] = len(defined)
    return fit


def classification_fit(surrogate: Surrogate, dataset: Dataset) -> dict[str, float]:
    """Share of test inputs whose own class is predicted.

    Returns
    -------
    dict
        ``test_accuracy``, 0 to 1.
    """
    rows = dataset.split.test
    classes = list(dataset.output_features.names)
    labels = np.array([classes.index(name) for name in dataset.cell_types[rows]])
    with torch.no_grad():
        predicted = surrogate(dense_tensor(dataset.X[rows]))
    return {"test_accuracy": float((predicted.argmax(dim=1).numpy() == labels).mean())}


def worse_than_type_means(fit: Mapping[str, float]) -> bool:
    """Return whether a surrogate predicts cells worse than their type's training mean does.

    Parameters
    ----------
    fit
        Of `expression_fit`; one that was saved before these errors were kept is not marked.

    Examples
    --------
    >>> worse_than_type_means({"test_error": 2.0, "type_means_error": 1.5})
    True
    >>> worse_than_type_means({"test_error": float("nan"), "type_means_error": 1.5})
    True
    >>> worse_than_type_means({})
    False
    """
    if "type_means_error" not in fit:
        return False
    # Not ">": nothing good is known of an error that is no number, which records leave out.
    return not fit.get("test_error", float("nan")) <= fit["type_means_error"]


def type_mean_prediction(dataset: Dataset, rows: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Predict each cell's expression by its type's mean over training cells.

    Parameters
    ----------
    dataset
        With expression.
    rows, train
        The cells predicted, and those that the means are of.

    Returns
    -------
    ndarray
        Shape (rows, n_outputs), float32; the mean of all training cells for a type without any.
    """
    if dataset.Y is None:
        raise ValueError(f"{dataset.name} has no expression to compare with")
    names = np.unique(dataset.cell_types)
    means = type_means(dataset.Y[train], dataset.cell_types[train], names)
    overall = np.asarray(dataset.Y[train].mean(axis=0)).ravel()
    means = np.where(np.isnan(means), overall, means).astype(np.float32)
    return means[np.searchsorted(names, dataset.cell_types[rows])]


def squared_error(predicted: np.ndarray, observed: sp.csr_matrix) -> float:
    """Mean squared error of an entry; some cells at a time, for one side is sparse."""
    total = 0.0
    for start in range(0, len(predicted), CHUNK):
        part = slice(start, start + CHUNK)
        errors = predicted[part] - observed[part].toarray()
        total += float(np.einsum("ij,ij->", errors, errors, dtype=np.float64))
    return total / predicted.size


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
