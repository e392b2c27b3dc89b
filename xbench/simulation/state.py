"""What F is a function of: the open peaks or, where they are hidden, the state behind them."""

import numpy as np
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.simulation.known_regulation import Truth, truth_of
from xbench.simulation.simulated_cell_types import CELL_TYPES

# Where a dataset keeps which sites are really open, if not all are seen:
# `dataset.inputs.layers[HIDDEN]`.
HIDDEN = "hidden"


def state_of(dataset: Dataset, rows: np.ndarray) -> sparse.csr_matrix:
    """Return what the true F of some cells is a function of.

    Parameters
    ----------
    dataset
        A simulation.
    rows
        The cells.

    Returns
    -------
    CSR, shape (rows, peaks): the inputs themselves or, where the dataset keeps a hidden state, for
    each site that is really open its strength in the cell's type (1 where it is no CRE).
    """
    hidden = dataset.inputs.layers.get(HIDDEN)
    truth = truth_of(dataset)
    if hidden is None or truth is None:
        return dataset.X[rows]
    names = {name: number for number, name in enumerate(CELL_TYPES)}
    types = np.array([names[name] for name in dataset.cell_types[rows]], dtype=np.int64)
    return strengthened(hidden[rows], types, truth)


def strengthened(hidden: sparse.csr_matrix, types: np.ndarray, truth: Truth) -> sparse.csr_matrix:
    """Give each open site its strength in the cell's type.

    Parameters
    ----------
    hidden
        Zeros and ones, shape (n, peaks).
    types
        Number of each cell's type, shape (n,).
    truth
        Knows the strengths.

    Returns
    -------
    float32 CSR, shape (n, peaks), of values above 0 to 1; `hidden` itself where all are 1.
    """
    if truth.cre_strength is None:
        return hidden
    strength = np.ones((truth.cre_strength.shape[1], hidden.shape[1]), dtype=np.float32)
    strength[:, truth.cre_feature] = truth.cre_strength.T
    values = np.empty(hidden.nnz, dtype=np.float32)
    for row, number in enumerate(types):
        here = slice(hidden.indptr[row], hidden.indptr[row + 1])
        values[here] = strength[number, hidden.indices[here]]
    return sparse.csr_matrix((values, hidden.indices, hidden.indptr), shape=hidden.shape)
