"""Sparse or dense inputs as dense tensors, a bounded number of cells at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

# Numbers in one dense chunk of inputs: 32 MB of float32 (a model may hold many times that).
CHUNK = 2**23


def dense_chunks(
    inputs: sp.csr_matrix | np.ndarray, device: str = "cpu", cells: int | None = None
) -> Iterator[Tensor]:
    """Yield inputs as float32 tensors of shape (some cells, n_features).

    Parameters
    ----------
    inputs
        Any SciPy sparse matrix with rows, or an array, shape (n, n_features).
    device
        Where the tensors are put.
    cells
        In one tensor; as many as hold `CHUNK` numbers where None.

    Examples
    --------
    >>> [len(chunk) for chunk in dense_chunks(np.ones((5, 3)), cells=2)]
    [2, 2, 1]
    """
    step = cells or max(1, CHUNK // inputs.shape[1])
    for start in range(0, inputs.shape[0], step):
        part = inputs[start : start + step]
        rows = part.toarray() if sp.issparse(part) else part  # type: ignore[union-attr]
        # A copy: what a caller does with the tensor must not reach the data.
        yield torch.from_numpy(np.array(rows, dtype=np.float32)).to(device)
