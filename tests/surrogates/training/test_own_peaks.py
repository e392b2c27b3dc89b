"""Which peaks a gene is given, and the counts that are recovered for their tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from xbench.data.features import Features
from xbench.data.preprocess import log_normalise
from xbench.errors import XbenchError
from xbench.surrogates.training.batches import recovered_counts
from xbench.surrogates.training.own_peaks import (
    own_peaks,
    peaks_near_genes,
    score_tests,
    strongest,
)


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


def test_a_stored_zero_is_no_count() -> None:
    values = log_normalise(sparse.csr_matrix([[2.0, 6.0, 5.0], [1.0, 7.0, 3.0]]), "test")
    stored = values.copy()
    stored.data[[2, 3]] = 0
    found = recovered_counts(stored)
    assert stored.nnz == 6
    stored.eliminate_zeros()
    wanted = recovered_counts(stored)
    assert np.isfinite(found.exposure).all()
    np.testing.assert_array_equal(found.exposure, wanted.exposure)
    np.testing.assert_array_equal(found.counts.toarray(), wanted.counts.toarray())


@pytest.mark.parametrize("wrong", [-0.5, np.nan, np.inf, 800.0, 60.0, 1e-30])
def test_what_is_no_logarithm_of_a_count_is_refused_by_its_place(wrong: float) -> None:
    values = sparse.csr_matrix([[1.0, 0, 2.0], [0, 0, 0], [1.0, wrong, 0]])
    with pytest.raises(
        XbenchError, match=r"of gene 1 in cell 2 of 3: .*1 of 4 values.*; give counts"
    ):
        recovered_counts(values)


def test_peaks_near_genes_are_those_by_distance() -> None:
    generator = np.random.default_rng(1)
    chrom = np.repeat(["chr1", "chr2"], 40)
    start = np.sort(generator.integers(0, 10_000, 80).reshape(2, 40)).ravel()
    peaks = Features([f"p{one}" for one in range(80)], chrom, start, start + 50)
    genes = Features(["a", "b", "c"], ["chr2", "", "chr1"], [5_000, -1, 100], [6_000, -1, 200])
    near = peaks_near_genes(peaks, genes, 700)
    for gene in (0, 2):
        place = genes.interval(gene)
        assert place is not None
        wanted = np.flatnonzero(peaks.distance_to(place) <= 700)
        assert near[gene].tolist() == wanted.tolist()
    assert not len(near[1])


@pytest.mark.parametrize("seed", range(3))
def test_score_tests_are_derivatives_of_the_likelihood(seed: int) -> None:
    generator = np.random.default_rng(seed)
    opened = (generator.random((30, 6)) < 0.4).astype(float)
    opened[:, 5] = 0
    groups, exposure = generator.integers(0, 3, 30), 0.5 + generator.random(30)
    counts = generator.poisson(3.0 * exposure).astype(float)
    found = score_tests(sparse.csc_matrix(opened), counts, exposure, groups, size=4.0)
    rates = np.array(
        [counts[groups == one].sum() / exposure[groups == one].sum() for one in range(3)]
    )
    mean = rates[groups] * exposure

    def log_likelihood(amount: float, peak: int) -> float:
        moved = mean * np.exp(amount * opened[:, peak])
        return float((counts * np.log(moved) - (counts + 4) * np.log1p(moved / 4)).sum())

    for peak in range(5):
        slope = (log_likelihood(1e-4, peak) - log_likelihood(-1e-4, peak)) / 2e-4
        spread = (opened[:, peak] * mean / (1 + mean / 4)).sum()
        assert found[peak] == pytest.approx(slope / np.sqrt(spread), rel=1e-4)
    assert found[5] == 0


def test_no_ranking_takes_from_another() -> None:
    one, other = np.array([5.0, 4.0, 0.1, 0.2, 0.3]), np.array([9.0, 8.0, 7.0, -6.0, 0.0])
    assert strongest([one, other], 2).tolist() == [5.0, 4.0, 7.0, -6.0, 0.0]
    # What says nothing is not kept, however few there are.
    assert strongest([np.array([0.0, 2.0])], 2).tolist() == [0.0, 2.0]


def test_what_tells_within_a_type_is_kept_beside_what_tells_the_types_apart() -> None:
    generator = np.random.default_rng(4)
    types = np.repeat([0, 1], 400)
    marks = (generator.random((800, 5)) < np.where(types == 1, 0.6, 0.05)[:, None]).astype(float)
    within = (generator.random((800, 2)) < 0.3).astype(float)
    rate = 1 + 4 * types + 3 * within[:, 0] - 0.8 * within[:, 1]
    counts = generator.poisson(rate).astype(float)
    opened = sparse.csc_matrix(np.hstack([marks, within]))
    near = np.arange(100, 107)
    found = own_peaks(near, opened, counts, np.ones(800), types, each=2, size=5.0)
    assert {105, 106} < set(found.peak.tolist())
    assert len(found.peak) == 4
    assert found.score[found.peak == 105] > 0 > found.score[found.peak == 106]
