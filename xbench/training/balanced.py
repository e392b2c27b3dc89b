"""Losses over all positive entries and as many sampled zeros (protocol, Training)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as functional
from torch import Tensor

FOCAL_GAMMA = 2.0


@dataclass(frozen=True)
class Entries:
    """Sampled entries of a sparse matrix: first all positives, then zeros.

    Parameters
    ----------
    rows, columns
        Positions, each shape (entries,).
    values
        float32, shape (entries,).
    """

    rows: Tensor
    columns: Tensor
    values: Tensor


def balanced_entries(x: sp.csr_matrix, generator: np.random.Generator) -> Entries:
    """All non-zero entries of `x` and about as many zeros drawn from the same rows.

    Zeros are drawn uniformly; a draw that hits a non-zero entry is dropped, so a row with a share
    q of its features open gets 1 - q times as many.

    Parameters
    ----------
    x
        CSR with sorted indices, shape (n, d).

    Examples
    --------
    >>> entries = balanced_entries(sp.csr_matrix([[0, 3.0], [0, 0]]), np.random.default_rng(1))
    >>> entries.values[0]
    tensor(3.)
    """
    n_features = x.shape[1]
    rows = np.repeat(np.arange(x.shape[0], dtype=np.int64), np.diff(x.indptr))
    columns = x.indices.astype(np.int64)
    drawn = generator.integers(0, n_features, size=len(columns))
    taken = rows * n_features + columns
    keys = rows * n_features + drawn
    nearest = np.minimum(np.searchsorted(taken, keys), max(0, len(taken) - 1))
    zero = taken[nearest] != keys if len(taken) else np.zeros(0, dtype=bool)
    values = np.concatenate([x.data.astype(np.float32), np.zeros(int(zero.sum()), np.float32)])
    return Entries(
        torch.from_numpy(np.concatenate([rows, rows[zero]])),
        torch.from_numpy(np.concatenate([columns, drawn[zero]])),
        torch.from_numpy(values),
    )


def balanced_squared_error(predicted: Tensor, entries: Entries) -> Tensor:
    """Mean squared error at the entries of dense predictions, shape (n, d)."""
    # index_select, because the gradient of [rows, columns] depends on the order of threads.
    keys = entries.rows * predicted.shape[1] + entries.columns
    return functional.mse_loss(predicted.flatten().index_select(0, keys), entries.values)


def focal_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy weighted by (1 - p of the true label) ** 2 (focal, gamma 2).

    Parameters
    ----------
    logits, labels
        Shape (entries,); labels are 0 or 1.
    """
    cross_entropy = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return ((1 - torch.exp(-cross_entropy)) ** FOCAL_GAMMA * cross_entropy).mean()
