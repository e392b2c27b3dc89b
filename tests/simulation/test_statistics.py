"""Statistics of data against NumPy, and the table that sets datasets side by side."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.simulation.statistics import Moments, correlations, lines, statistics


@pytest.mark.parametrize("within", [False, True])
def test_correlations_are_numpy_s(within: bool) -> None:
    generator = np.random.default_rng(0)
    types = generator.integers(0, 3, 200).astype(str)
    first = generator.poisson(0.4 + types.astype(int)[:, None], (200, 4)).astype(np.float64)
    second = generator.poisson(0.3 + first[:, :3] * generator.random((200, 3))).astype(np.float64)
    one, other = (Moments.of(sparse.csr_matrix(part), types) for part in (first, second))
    pairs = np.array([[i, j] for i in range(4) for j in range(3)])
    found = correlations(one, other, pairs, within=within)
    if within:
        for kind in np.unique(types):
            first[types == kind] -= first[types == kind].mean(axis=0)
            second[types == kind] -= second[types == kind].mean(axis=0)
    wanted = [np.corrcoef(first[:, i], second[:, j])[0, 1] for i, j in pairs]
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_variance_between_types_is_that_of_an_analysis_of_variance() -> None:
    generator = np.random.default_rng(1)
    types = np.repeat(["a", "b"], [30, 70])
    values = generator.normal(np.where(types == "a", 1.0, 0.0)[:, None], 1, (100, 2))
    found = Moments.of(sparse.csr_matrix(values), types).between_types()
    within = sum(((values[types == t] - values[types == t].mean(0)) ** 2).sum(0) for t in "ab")
    total = ((values - values.mean(0)) ** 2).sum(0)
    np.testing.assert_allclose(found, 1 - within / total, atol=1e-5)


def test_a_table_of_two(dataset: Dataset, sparse_dataset: Dataset) -> None:
    rows = list(lines([dataset, sparse_dataset]))
    assert rows[0] == "| statistic | simulated-multiome | simulated-multiome-sparse |"
    open_peaks = sparse.csr_matrix(sparse_dataset.X).nnz / sparse_dataset.n_cells
    assert rows[2].endswith(f" {open_peaks:.1f} |")
    assert all(row.count("|") == 4 for row in rows)


def test_known_links_show(dataset: Dataset) -> None:
    found = statistics(dataset)

    def mean(kind: str) -> float:
        name = f"r of peak and gene, {kind}, within types: mean, 99th percentile"
        return float(found[name].split(",")[0])

    assert mean("in the gene") > mean("another chromosome") + 0.02
