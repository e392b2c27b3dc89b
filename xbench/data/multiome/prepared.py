"""A modality as a dataset holds it, and how rows and columns get there without needless copies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse


class PreparedMatrix(NamedTuple):
    """A matrix (n cells x d, CSR) and the d rows about its columns."""

    matrix: sparse.csr_matrix
    var: pd.DataFrame


def rows_of(matrix: sparse.csr_matrix, rows: np.ndarray) -> sparse.csr_matrix:
    """Return the rows in another order; no copy where it is the same."""
    return matrix if np.array_equal(rows, np.arange(matrix.shape[0])) else matrix[rows]


def columns_of(matrix: sparse.csr_matrix, columns: np.ndarray) -> sparse.csr_matrix:
    """Return the columns in another order, with ascending indices; no copy where it is the same."""
    if np.array_equal(columns, np.arange(matrix.shape[1])):
        return matrix
    chosen = matrix[:, columns]
    chosen.sort_indices()
    return chosen
