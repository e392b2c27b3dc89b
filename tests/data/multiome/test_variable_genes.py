"""The choice of genes, against the criterion's definition worked out gene by gene."""

from __future__ import annotations

import math

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from xbench.data.cell_types import MARKER_GENES
from xbench.data.multiome import genes
from xbench.data.multiome.genes import gene_moments, normalised_dispersion, select_genes
from xbench.data.preprocess import cell_totals, log_normalise

count_tables = arrays(np.int64, (5, 7), elements=st.integers(0, 30))


def by_definition(expression: np.ndarray) -> np.ndarray:
    """Satija et al. 2015, gene by gene: 20 bins of equal width over log1p of the mean."""
    means = expression.mean(axis=0)
    at = np.log1p(means)
    width = (at.max() - at.min()) / 20
    # The lowest value belongs to the first bin; a bin holds its upper edge.
    bins = [max(math.ceil(round((value - at.min()) / width, 9)), 1) for value in at]
    logs = [
        math.log(column.var(ddof=1) / column.mean()) if column.var() > 0 else None
        for column in expression.T
    ]
    found = []
    for of_gene, own in zip(bins, logs, strict=True):
        beside = [
            log
            for other, log in zip(bins, logs, strict=True)
            if other == of_gene and log is not None
        ]
        if own is None:
            found.append(np.nan)
        elif len(beside) == 1:
            found.append(1.0)
        else:
            spread = np.std(beside, ddof=1)
            found.append((own - np.mean(beside)) / spread if spread > 0 else np.nan)
    return np.array(found)


def scaled(counts: np.ndarray) -> np.ndarray:
    totals = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0) * 1e5


@pytest.mark.parametrize("seed", range(5))
def test_dispersion_by_definition(seed: int) -> None:
    generator = np.random.default_rng(seed)
    level = generator.gamma(0.5, 3, 300)
    counts = generator.negative_binomial(2, 2 / (2 + level), (60, 300))
    counts[:, 7] = 0
    matrix = sparse.csr_matrix(counts)
    found = normalised_dispersion(*gene_moments(matrix, cell_totals(matrix)))
    expected = by_definition(scaled(counts))
    assert np.isnan(found[7])
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))]
)
def test_dispersion_as_scanpy_has_it(seed: int) -> None:
    scanpy = pytest.importorskip("scanpy", reason="scanpy is absent: pip install -e '.[peers]'")
    generator = np.random.default_rng(seed)
    level = generator.gamma(0.5, 3, 400)
    counts = generator.negative_binomial(2, 2 / (2 + level), (80, 400)).astype(np.float64)
    counts[:, 7] = 0
    # Alone in its bin.
    counts[:, 11] += 400
    matrix = sparse.csr_matrix(counts)
    # Dense: of a sparse matrix scanpy compiles its sums first, which takes many times as long.
    cells = anndata.AnnData(counts.copy())
    scanpy.pp.normalize_total(cells, target_sum=1e5)
    scanpy.pp.log1p(cells)
    theirs = scanpy.pp.highly_variable_genes(cells, flavor="seurat", n_bins=20, inplace=False)
    found = normalised_dispersion(*gene_moments(matrix, cell_totals(matrix)))
    np.testing.assert_allclose(found, theirs["dispersions_norm"], rtol=1e-4, atol=1e-6)
    assert found[11] == 1
    # The most variable are the same genes, in the order of the file.
    names = pd.Index([f"g{number}" for number in range(400)])
    chosen = scanpy.pp.highly_variable_genes(cells, flavor="seurat", n_top_genes=50, inplace=False)
    assert (
        select_genes(names, found, 50).tolist()
        == np.flatnonzero(chosen["highly_variable"]).tolist()
    )


@given(count_tables)
@settings(max_examples=50)
def test_moments(table: np.ndarray) -> None:
    matrix = sparse.csr_matrix(table)
    dense = scaled(table)
    mean, variance = gene_moments(matrix, cell_totals(matrix))
    np.testing.assert_allclose(mean, dense.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(variance, dense.var(axis=0, ddof=1), rtol=1e-6, atol=1e-2)


def test_moments_of_what_is_normalised_already() -> None:
    counts = sparse.csr_matrix(np.random.default_rng(0).poisson(2, (40, 9)))
    logs = log_normalise(counts, "rna")
    for ours, of_counts in zip(
        gene_moments(logs, None), gene_moments(counts, cell_totals(counts)), strict=True
    ):
        np.testing.assert_allclose(ours, of_counts, rtol=1e-5)


@pytest.mark.parametrize("chunk", [1, 10, 50])
def test_moments_a_stretch_at_a_time(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = sparse.random(30, 8, 0.4, format="csr", random_state=0).ceil()
    whole = gene_moments(counts, cell_totals(counts))
    monkeypatch.setattr(genes, "_CHUNK", chunk)
    for stretch, all_at_once in zip(gene_moments(counts, cell_totals(counts)), whole, strict=True):
        np.testing.assert_allclose(stretch, all_at_once, rtol=1e-12)


def test_a_gene_that_never_varies_has_no_dispersion() -> None:
    # Cells of one size, so that the first gene is the same in each, but for rounding.
    others = np.arange(49) % 4 + 1
    counts = sparse.csr_matrix(np.stack([np.full(49, 3), others, 20 - others], axis=1))
    mean, variance = gene_moments(counts, cell_totals(counts))
    assert variance[0] == 0
    dispersion = normalised_dispersion(mean, variance)
    assert np.isnan(dispersion).tolist() == [True, False, False]


def test_the_most_variable_in_the_order_of_the_file() -> None:
    names = pd.Index([f"g{number}" for number in range(6)])
    dispersion = np.array([0.1, 3.0, np.nan, 2.0, 2.0, -1.0])
    assert select_genes(names, dispersion, 1).tolist() == [1]
    # Of two equals the first.
    assert select_genes(names, dispersion, 2).tolist() == [1, 3]
    assert select_genes(names, dispersion, 5).tolist() == [0, 1, 3, 4, 5]
    assert select_genes(names, dispersion, 6).tolist() == [0, 1, 2, 3, 4, 5]
    equals = pd.Index([f"g{number}" for number in range(200)])
    tied = np.arange(200) % 3.0
    assert select_genes(equals, tied, 30).tolist() == [3 * number + 2 for number in range(30)]


@pytest.mark.parametrize("spelt", [str.upper, str.lower, str.title])
def test_markers_are_always_kept(spelt: object) -> None:
    others = [f"g{number}" for number in range(20)]
    names = pd.Index([*others, *(spelt(gene) for gene in MARKER_GENES)])  # type: ignore[operator]
    dispersion = np.concatenate([np.arange(20.0), np.full(14, np.nan)])
    assert len(MARKER_GENES) == 14
    kept = select_genes(names, dispersion, 16)
    assert kept.tolist() == [18, 19, *range(20, 34)]
    # More markers than genes that are asked for.
    assert select_genes(names, dispersion, 3).tolist() == list(range(20, 34))
