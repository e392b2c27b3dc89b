"""Which peaks a gene is given, and the counts that are recovered for their tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from xbench.data.features import Features
from xbench.data.preprocess import log_normalise
from xbench.surrogates.training.own_peaks import (
    OwnPeaks,
    peaks_near_genes,
    score_tests,
    strongest,
)
from xbench.surrogates.training.recovered_counts import recovered_counts


def test_recovered_counts_are_those_that_were_normalised() -> None:
    generator = np.random.default_rng(0)
    counts = generator.poisson(generator.gamma(1.0, 2.0, 80), (60, 80))
    counts[:, 0] = 1  # every cell has a single count somewhere
    found = recovered_counts(log_normalise(sparse.csr_matrix(counts.astype(float)), "test"))
    np.testing.assert_allclose(found.counts.toarray(), counts, atol=1e-2)
    np.testing.assert_allclose(found.exposure, counts.sum(axis=1) / 1e5, rtol=1e-3)


def test_rates_are_the_same_where_no_count_is_single() -> None:
    counts = sparse.csr_matrix([[2.0, 6.0], [1.0, 7.0]])
    found = recovered_counts(log_normalise(counts, "test"))
    rates = found.counts.toarray() / found.exposure[:, None]
    np.testing.assert_allclose(rates, [[25_000, 75_000], [12_500, 87_500]], rtol=1e-3)


def test_a_cell_without_counts_has_the_usual_exposure() -> None:
    found = recovered_counts(log_normalise(sparse.csr_matrix([[1.0, 3.0], [0, 0]]), "test"))
    np.testing.assert_allclose(found.exposure, [4e-5, 4e-5], rtol=1e-3)


def test_peaks_near_genes_are_those_by_distance() -> None:
    generator = np.random.default_rng(1)
    chrom = np.repeat(["chr1", "chr2"], 40)
    start = np.sort(generator.integers(0, 10_000, 80).reshape(2, 40)).ravel()
    peaks = Features([f"p{one}" for one in range(80)], chrom, start, start + 50)
    genes = Features(["a", "b", "c"], ["chr2", "", "chr1"], [5_000, -1, 100], [6_000, -1, 200])
    pairs = peaks_near_genes(peaks, genes, 700)
    for gene in (0, 2):
        place = genes.interval(gene)
        assert place is not None
        wanted = np.flatnonzero(peaks.distance_to(place) <= 700)
        assert pairs.peak[pairs.gene == gene].tolist() == wanted.tolist()
    assert not (pairs.gene == 1).any()


@pytest.mark.parametrize("seed", range(3))
def test_score_tests_are_sums_written_out(seed: int) -> None:
    generator = np.random.default_rng(seed)
    opened = (generator.random((30, 6)) < 0.4).astype(float)
    opened[:, 5] = 0
    left, variances = generator.normal(size=(30, 3)), generator.random((30, 3))
    pairs = OwnPeaks(np.array([0, 0, 2, 2]), np.array([1, 5, 0, 1]))
    found = score_tests(pairs, sparse.csc_matrix(opened), left, variances)
    for number, (gene, peak) in enumerate(zip(*pairs, strict=True)):
        terms = opened[:, peak] * left[:, gene]
        spread = (opened[:, peak] ** 2 * variances[:, gene]).sum()
        wanted = terms.sum() / np.sqrt(spread) if opened[:, peak].any() else 0.0
        assert found[number] == pytest.approx(wanted)


def test_no_ranking_takes_from_another() -> None:
    pairs = OwnPeaks(np.zeros(5, dtype=np.int64), np.arange(5))
    one, other = np.array([5.0, 4.0, 0.1, 0.2, 0.3]), np.array([9.0, 8.0, 7.0, -6.0, 0.0])
    assert strongest(pairs, [one, other], 2).tolist() == [True, True, True, True, False]
