"""How a prediction agrees with the test cells, gene by gene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbench.surrogates.evaluation.accuracy import determination, pearson
from xbench.surrogates.evaluation.held_out import HeldOut
from xbench.type_means import counted_types, type_means

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


def predictions(cells: HeldOut) -> dict[str, np.ndarray]:
    """Return what the surrogate and the two baselines predict, each of shape (n, genes)."""
    return {
        "surrogate": cells.predicted,
        "type-training-mean": cells.type_means_as_prediction(),
        "constant": cells.constant_prediction(),
    }


def means_by_type(cells: HeldOut) -> TypeMeans:
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


def agreements(cells: HeldOut, means: TypeMeans) -> dict[str, Agreement]:
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
