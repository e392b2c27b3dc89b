"""How well a surrogate predicts cells it has not seen (paper, Section 5.2)."""

from collections.abc import Callable, Mapping

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from xbench.data.cell_types import present_markers
from xbench.data.dataset import Dataset
from xbench.surrogates.evaluation.accuracy import counted_types, pearson, type_means
from xbench.surrogates.surrogate import Surrogate

CHUNK = 1024


def predict(surrogate: Surrogate, x: sp.csr_matrix) -> np.ndarray:
    """Outputs for sparse inputs, shape (n, n_outputs)."""
    inputs = x.astype(np.float32)
    with torch.no_grad():
        parts = [
            surrogate.of_sparse(inputs[start : start + CHUNK]).numpy()
            for start in range(0, inputs.shape[0], CHUNK)
        ]
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


def expression_fit(surrogate: Surrogate, dataset: Dataset) -> dict[str, float]:
    """Squared correlation of predicted and observed cell-type means on test cells.

    Returns
    -------
    dict
        ``test_type_mean_r2``: median over genes of the squared Pearson correlation across cell
        types with at least 10 test cells; ``test_type_mean_r2_genes``: genes it could be computed
        for (both means vary). Where the data hold marker genes of the paper, also
        ``marker_type_mean_r2``: its mean over them, and ``marker_type_mean_r2_genes``. NaN where
        there is no such gene: nothing varies across fewer than two types. ``test_error``: mean
        squared error of an entry on test cells; ``type_means_error``: that of predicting the mean
        of the training cells of a cell's type, which no surrogate should do worse than
        (`worse_than_type_means`).
    """
    if dataset.Y is None:
        raise ValueError(f"{dataset.name} has no expression to compare with")
    rows = dataset.split.test
    types = dataset.cell_types[rows]
    names = counted_types(types)
    outputs = predict(surrogate.frozen(), surrogate.inputs_of(dataset, rows))
    predicted = type_means(outputs, types, names)
    squared = pearson(type_means(dataset.Y[rows], types, names), predicted) ** 2
    defined = squared[np.isfinite(squared)]
    fit = {
        "test_type_mean_r2": float(np.median(defined)) if defined.size else float("nan"),
        "test_type_mean_r2_genes": len(defined),
    }
    fit["test_error"] = squared_error(outputs, dataset.Y[rows])
    fit["type_means_error"] = squared_error(type_mean_prediction(dataset, rows), dataset.Y[rows])
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
        predicted = surrogate(torch.from_numpy(np.asarray(dataset.X[rows], dtype=np.float32)))
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
    >>> worse_than_type_means({})
    False
    """
    return fit.get("test_error", 0.0) > fit.get("type_means_error", float("inf"))


def type_mean_prediction(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Predict each cell's expression by its type's mean over training cells.

    Returns
    -------
    ndarray
        Shape (rows, n_outputs), float32; the mean of all training cells for a type without any.
    """
    if dataset.Y is None:
        raise ValueError(f"{dataset.name} has no expression to compare with")
    train = dataset.split.train
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
