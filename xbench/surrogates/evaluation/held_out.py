"""What a surrogate says of the test cells, and what is seen in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.data.features import Features
from xbench.errors import XbenchError
from xbench.surrogates.base import Surrogate
from xbench.surrogates.evaluation.fit import from_sums, predict
from xbench.type_means import type_means


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Observed and predicted expression of the test cells, log1p.

    Parameters
    ----------
    genes
        What the surrogate predicts.
    observed, predicted
        Shape (n, genes).
    cell_types
        Shape (n,), the type of each test cell.
    embedding
        Shape (n, dimensions): what the surrogate makes of a cell's peaks before it turns to
        genes, but for a constant; None for a surrogate without one.
    type_names
        Types of test cells, in alphabetical order.
    training_means
        Mean expression of the training cells of each of these types, shape (types, genes).
    training_mean
        Mean expression of all training cells, shape (genes,).
    """

    genes: Features
    observed: np.ndarray
    predicted: np.ndarray
    cell_types: np.ndarray
    embedding: np.ndarray | None
    type_names: np.ndarray
    training_means: np.ndarray
    training_mean: np.ndarray

    def type_means_as_prediction(self) -> np.ndarray:
        """Predict for each test cell the training mean of its type, shape (n, genes)."""
        return self.training_means[np.searchsorted(self.type_names, self.cell_types)]

    def constant_prediction(self) -> np.ndarray:
        """Predict for each test cell the mean of all training cells, shape (n, genes)."""
        return np.broadcast_to(self.training_mean, self.observed.shape)


def held_out(dataset: Dataset, surrogate: Surrogate, training_rows: np.ndarray) -> HeldOut:
    """Let a frozen surrogate predict the test cells.

    Parameters
    ----------
    dataset
        With expression.
    surrogate
        As `xbench.surrogates.open.open_surrogate` returns it, on the CPU.
    training_rows
        The cells it was trained on: the baselines are means of the same ones.

    Raises
    ------
    XbenchError
        Where the dataset has classes, not expression, or no test cell.
    """
    if dataset.Y is None:
        raise XbenchError(
            f"{dataset.name}: has classes, not expression; report a surrogate of a dataset with "
            "genes, such as snare-cortex"
        )
    rows = dataset.split.test
    if not len(rows):
        raise XbenchError(f"{dataset.name}: has no test cell to report on; use more cells")
    types = dataset.cell_types[rows]
    names = np.unique(types)
    columns = _answered(surrogate, dataset)
    expression = sparse.csr_matrix(dataset.Y)[:, columns]
    training = expression[training_rows]
    return HeldOut(
        genes=Features(dataset.output_features.names[columns]),
        observed=expression[rows].toarray(),
        predicted=predict(surrogate, dataset.X[rows]),
        cell_types=types,
        embedding=_embedding(surrogate, dataset.X[rows]),
        type_names=names,
        training_means=type_means(training, dataset.cell_types[training_rows], names),
        training_mean=np.asarray(training.mean(axis=0), dtype=np.float64).ravel(),
    )


def _answered(surrogate: Surrogate, dataset: Dataset) -> np.ndarray:
    """Columns the surrogate predicts: the oracle of a large simulation knows the markers alone."""
    outputs = surrogate.configuration().get("outputs")
    return np.arange(dataset.n_outputs) if outputs is None else np.asarray(outputs, dtype=int)


def _embedding(surrogate: Surrogate, inputs: sparse.csr_matrix) -> np.ndarray | None:
    if not surrogate.splits_by_block:
        return None
    return from_sums(surrogate, inputs, lambda sums: surrogate.parts(sums).sum(dim=1))
