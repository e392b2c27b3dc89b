"""The cells that the methods of a run may learn from: never a test cell, never a judge's."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp

from xbench.benchmark.plan import RunKey
from xbench.data.dataset import Dataset, Target
from xbench.data.splits import HALVES, divided_anew
from xbench.errors import XbenchError
from xbench.explainers.explainer import MeasuredCells
from xbench.surrogates.checkpoint import OpenedSurrogate


def learned_rows(dataset: Dataset, key: RunKey) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the training and of the validation cells of a run."""
    rows = _learned_from(dataset, key, key.cell_type)
    validation = dataset.rows(key.cell_type, "validation")
    if key.division is not None:
        return divided_anew(rows, validation, key.cell_type, key.division, dataset.donors)
    return rows, validation


def _learned_from(dataset: Dataset, key: RunKey, cell_type: str) -> np.ndarray:
    """Rows of the training cells of a type; where the surrogate has one half of them, of that half.

    The other half is the judge's: a control that learned from its cells would be flattered by it.

    Raises
    ------
    XbenchError
        Where that half has no cell of the type.
    """
    rows = dataset.rows(cell_type, "train")
    if key.split not in HALVES:
        return rows
    half = np.intersect1d(rows, dataset.training_rows(key.split), assume_unique=True)
    if len(rows) and not len(half) and cell_type == key.cell_type:
        raise XbenchError(
            f"{dataset.name}: {cell_type!r} has no cell in {key.split}, whose donors the surrogate "
            "was trained on; choose another type, or leave out the judge"
        )
    return half


def cells_of_every_type(
    dataset: Dataset, surrogate: OpenedSurrogate, key: RunKey, target: Target
) -> Callable[[], Iterator[MeasuredCells]] | None:
    """Return what gives the training cells of each type, read-only, a type at a time.

    Of the explained type they are the run's own, however its cells are divided: not one more.
    """
    if dataset.Y is None:
        return None

    def cells() -> Iterator[MeasuredCells]:
        explained = dataset.resolve_cell_type(target.cell_type)
        for cell_type in np.unique(dataset.cell_types):
            if cell_type == explained:
                rows = learned_rows(dataset, key)[0]
            else:
                rows = _learned_from(dataset, key, cell_type)
            observed = observed_in(dataset, rows, target)
            if observed is not None and len(rows):
                inputs = read_only(surrogate.model.inputs_of(dataset, rows))
                yield MeasuredCells(inputs, read_only(observed))

    return cells


def observed_in(dataset: Dataset, rows: np.ndarray, target: Target) -> np.ndarray | None:
    """Measured expression of the target in the training cells; None for classes."""
    if dataset.Y is None:
        return None
    return dataset.Y[rows][:, [target.output]].toarray()[:, 0]


Values = TypeVar("Values")


def read_only(values: Values) -> Values:
    """Let an array of a problem be read and not changed; a change is an error of the method."""
    given: Any = values
    for part in (given.data, given.indices, given.indptr) if sp.issparse(given) else (given,):
        if part is not None:
            part.flags.writeable = False
    return values
