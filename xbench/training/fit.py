"""How well a surrogate predicts expression on cells it has not seen (paper, Section 5.2)."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from scipy.stats import pearsonr

from xbench.dataset import MINIMUM_CELLS, Dataset
from xbench.surrogates.base import Surrogate

CHUNK = 1024


def predict(surrogate: Surrogate, x: sp.csr_matrix) -> np.ndarray:
    """Outputs for sparse inputs, shape (n, n_outputs)."""
    layer = surrogate.additive_layer()
    inputs = x.astype(np.float32)
    with torch.no_grad():
        parts = [
            surrogate.tail(layer.sparse_sums(inputs[start : start + CHUNK])).numpy()
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
        for (both means vary).
    """
    rows = dataset.split.test
    frozen = surrogate.frozen()
    predicted = predict(frozen, dataset.X[rows])
    if dataset.Y is None:
        raise ValueError(f"{dataset.name} has no expression to compare with")
    observed = dataset.Y[rows].toarray()
    types = dataset.cell_types[rows]
    names, counts = np.unique(types, return_counts=True)
    names = names[counts >= MINIMUM_CELLS]
    if len(names) < 2:
        # Nothing varies across fewer than two types: a small file has no fit, but a surrogate.
        return {"test_type_mean_r2": float("nan"), "test_type_mean_r2_genes": 0}
    means = [
        np.stack([values[types == name].mean(axis=0) for name in names])
        for values in (predicted, observed)
    ]
    varying = np.flatnonzero((means[0].std(axis=0) > 0) & (means[1].std(axis=0) > 0))
    squared = [pearsonr(means[0][:, gene], means[1][:, gene])[0] ** 2 for gene in varying]
    return {
        "test_type_mean_r2": float(np.median(squared)) if squared else float("nan"),
        "test_type_mean_r2_genes": len(squared),
    }
