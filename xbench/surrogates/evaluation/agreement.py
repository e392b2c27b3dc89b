"""How a prediction agrees with the test cells, gene by gene.

Values of many genes are summarised by how they are spread, undefined ones set apart.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.data.features import Features
from xbench.errors import XbenchError
from xbench.surrogates.evaluation.fit import (
    counted_types,
    determination,
    from_sums,
    pearson,
    predict,
    type_means,
)
from xbench.surrogates.surrogate import Surrogate

# What a surrogate is judged against: see `HeldOut`.
PREDICTORS = {
    "surrogate": "surrogate",
    "type-training-mean": "type's training mean",
    "constant": "overall training mean",
}


@dataclass(frozen=True, eq=False)
class Agreement:
    """Each an array of shape (genes,), NaN where it is undefined.

    Parameters
    ----------
    type_squared_pearson
        Squared correlation of predicted and observed means over cell types.
    type_determination
        Coefficient of determination of the observed means over cell types.
    cell_pearson
        Correlation over single cells.
    """

    type_squared_pearson: np.ndarray
    type_determination: np.ndarray
    cell_pearson: np.ndarray


@dataclass(frozen=True, eq=False)
class TypeMeans:
    """Mean expression of test cells, by type.

    Parameters
    ----------
    names
        All types of test cells.
    counts
        Test cells of each.
    counted
        Whether a type has cells enough to enter an R2, shape (types,).
    observed
        Shape (types, genes).
    predicted
        Name of a predictor -> shape (types, genes).
    """

    names: np.ndarray
    counts: np.ndarray
    counted: np.ndarray
    observed: np.ndarray
    predicted: dict[str, np.ndarray]


def predictions(cells: "HeldOut") -> dict[str, np.ndarray]:
    """Return what the surrogate and the two baselines predict, each of shape (n, genes)."""
    return {
        "surrogate": cells.predicted,
        "type-training-mean": cells.type_means_as_prediction(),
        "constant": cells.constant_prediction(),
    }


def means_by_type(cells: "HeldOut") -> TypeMeans:
    """Average the test cells of each type, observed and predicted."""
    names, counts = np.unique(cells.cell_types, return_counts=True)
    return TypeMeans(
        names=names,
        counts=counts,
        counted=np.isin(names, counted_types(cells.cell_types)),
        observed=type_means(cells.observed, cells.cell_types, names),
        predicted={
            name: type_means(predicted, cells.cell_types, names)
            for name, predicted in predictions(cells).items()
        },
    )


def agreements(cells: "HeldOut", means: TypeMeans) -> dict[str, Agreement]:
    """Measure the surrogate and the two baselines."""
    observed = means.observed[means.counted]
    found = {}
    for name, predicted in predictions(cells).items():
        by_type = means.predicted[name][means.counted]
        found[name] = Agreement(
            type_squared_pearson=pearson(observed, by_type) ** 2,
            type_determination=determination(observed, by_type),
            cell_pearson=pearson(cells.observed, predicted),
        )
    return found


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
        """Predict for each test cell the training mean of its type, shape (n, genes).

        The mean of all training cells for a type without any, as in `type_mean_prediction`.
        """
        known = np.where(np.isnan(self.training_means), self.training_mean, self.training_means)
        return known[np.searchsorted(self.type_names, self.cell_types)]

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
        As `xbench.surrogates.checkpoint.open_surrogate` returns it, on the CPU.
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
    # Of a table, not of peaks, every number is there.
    inputs = sparse.csr_matrix(surrogate.inputs_of(dataset, rows))
    return HeldOut(
        genes=Features(dataset.output_features.names[columns]),
        observed=expression[rows].toarray(),
        predicted=predict(surrogate, inputs),
        cell_types=types,
        embedding=_embedding(surrogate, inputs),
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


QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Spread:
    """Mean and quantiles of the values that are defined.

    Parameters
    ----------
    defined, undefined
        How many values there are of each.
    mean
        NaN where none is defined.
    quantiles
        At `QUANTILES`; NaN where none is defined.
    """

    defined: int
    undefined: int
    mean: float
    quantiles: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value."""
        return self.quantiles[QUANTILES.index(0.5)]


def spread(values: np.ndarray) -> Spread:
    """Summarise values, of which undefined ones (NaN) are counted and left out, never zero.

    Parameters
    ----------
    values
        Shape (n,).

    Examples
    --------
    >>> spread(np.array([1.0, 3.0, np.nan])).median
    2.0
    """
    defined = values[np.isfinite(values)]
    missing = len(values) - len(defined)
    if not len(defined):
        return Spread(0, missing, float("nan"), (float("nan"),) * len(QUANTILES))
    quantiles = tuple(float(value) for value in np.quantile(defined, QUANTILES))
    return Spread(len(defined), missing, float(defined.mean()), quantiles)
