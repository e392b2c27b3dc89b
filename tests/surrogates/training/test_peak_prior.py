"""What is learned of all genes' peaks: scores by finite differences, and what was planted."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize

from xbench.surrogates.training.gene_columns import GeneColumns
from xbench.surrogates.training.noisy_or_fit import (
    GeneCells,
    Penalties,
    fitted,
    random_start,
)
from xbench.surrogates.training.peak_prior import (
    CONCORDANCES,
    N_KINDS,
    GeneScores,
    TypeRates,
    TypeResiduals,
    gene_scores,
    learned_prior,
)
from xbench.surrogates.training.shrunken_fit import effects

TYPES = np.repeat([0, 1, 2], 100)


def columns(opened: np.ndarray, counts: np.ndarray, exposure: np.ndarray) -> GeneColumns:
    network = np.zeros((counts.shape[1], len(counts)), dtype=np.float32)
    return GeneColumns(sp.csc_matrix(opened), sp.csc_matrix(counts), exposure, network)


def some_columns(seed: int, n_peaks: int = 4) -> GeneColumns:
    generator = np.random.default_rng(seed)
    opened = (generator.random((len(TYPES), n_peaks)) < 0.3).astype(float)
    counts = generator.poisson(1.0 + TYPES[:, None], (len(TYPES), 2)).astype(float)
    return columns(opened, counts, 0.5 + generator.random(len(TYPES)))


def negative_log_likelihood(
    values: np.ndarray, cells: GeneColumns, size: float, rates: TypeRates
) -> float:
    """Of gene 0, by effects of peaks and then shifts of types."""
    n_peaks = cells.opened.shape[1]
    rate = np.log(rates.rate[TYPES, 0]) + cells.opened @ values[:n_peaks] + values[n_peaks:][TYPES]
    expected, counts = np.exp(rate) * cells.exposure, cells.observed(0)
    return float(((counts + size) * np.log1p(expected / size) - counts * rate).sum())


@pytest.mark.parametrize("seed", range(3))
def test_scores_and_information_are_derivatives_with_the_types_rates_left_free(seed: int) -> None:
    cells = some_columns(seed)
    rates = TypeRates.of(cells, TYPES)
    size = TypeResiduals.of(0, cells, rates).size
    found = gene_scores(0, np.arange(4), np.zeros(4, dtype=int), cells, rates)

    def loss(values: np.ndarray) -> float:
        return negative_log_likelihood(values, cells, size, rates)

    step, zero = 1e-4, np.zeros(7)
    unit = np.eye(7) * step
    slopes = np.array([(loss(one) - loss(-one)) / (2 * step) for one in unit])
    np.testing.assert_allclose(-found.score, slopes[:4], rtol=1e-4, atol=1e-4)
    # The expected information: the counts are put where they are expected.
    expected = rates.rate[TYPES, 0] * cells.exposure
    cells = columns(cells.opened.toarray(), expected[:, None], cells.exposure)
    curvature = np.array(
        [
            [(loss(one + two) - loss(one) - loss(two) + loss(zero)) / step**2 for two in unit]
            for one in unit
        ]
    )
    peaks, types = slice(0, 4), slice(4, 7)
    # What is left where the types' rates follow: the Schur complement.
    left = curvature[peaks, peaks] - curvature[peaks, types] @ np.linalg.solve(
        curvature[types, types], curvature[types, peaks]
    )
    np.testing.assert_allclose(found.information, left, rtol=1e-2, atol=0.05)


def test_concordance_is_high_where_a_peak_opens_with_the_gene_and_0_where_types_are_alike() -> None:
    generator = np.random.default_rng(0)
    opened = np.zeros((300, 3))
    opened[:100, 0] = generator.random(100) < 0.5
    opened[100:, 1] = generator.random(200) < 0.5
    opened[0, 2] = 1
    counts = np.zeros((300, 2))
    counts[:100, 0] = generator.poisson(5.0, 100)
    counts[:, 1] = 2.0
    rates = TypeRates.of(columns(opened, counts, np.ones(300)), TYPES)
    with_gene, against, hardly = rates.concordance(0, np.arange(3))
    assert with_gene > 1 > 0 > against
    # Open in one cell, of the right type: that says little.
    assert 0 < hardly < with_gene / 3
    np.testing.assert_allclose(rates.concordance(1, np.arange(3)), 0, atol=1e-6)
    closed = TypeRates.of(columns(0 * opened, counts, np.ones(300)), TYPES)
    assert closed.concordance(0, np.arange(3)).tolist() == [0, 0, 0]
    kinds = rates.kinds(0, np.arange(3), np.array([0.0, 0.0, 5e6]))
    assert kinds.tolist() == [len(CONCORDANCES), kinds[1], kinds[2]]
    assert kinds[1] < len(CONCORDANCES)
    assert kinds[2] >= N_KINDS - len(CONCORDANCES) - 1


def test_means_and_variances_that_were_planted_are_learned() -> None:
    generator = np.random.default_rng(1)
    planted = {3: (0.5, 0.04), 8: (0.0, 0.25), 20: (-0.2, 0.0)}

    def genes() -> list[GeneScores]:
        found = []
        for _ in range(400):
            kind = generator.choice(list(planted), 12)
            mean, variance = np.array([planted[one] for one in kind]).T
            factor = generator.normal(size=(12, 30))
            information = factor @ factor.T
            noise = factor @ generator.normal(size=30)
            effect = mean + np.sqrt(variance) * generator.normal(size=12)
            found.append(GeneScores(kind, information @ effect + noise, information))
        return found

    prior = learned_prior(genes())
    for kind, (mean, variance) in planted.items():
        assert prior.mean[kind] == pytest.approx(mean, abs=0.03)
        assert prior.variance[kind] == pytest.approx(variance, abs=0.06)
    others = np.setdiff1d(np.arange(N_KINDS), list(planted))
    assert not prior.mean[others].any()
    np.testing.assert_allclose(prior.variance[others], 0, atol=1e-9)


def test_a_prior_of_no_genes_says_nothing() -> None:
    prior = learned_prior([])
    assert not prior.mean.any()
    assert not prior.variance.any()


@pytest.mark.parametrize("seed", range(3))
def test_most_probable_effects_are_those_of_scipy(seed: int) -> None:
    cells = some_columns(seed)
    rates = TypeRates.of(cells, TYPES)
    mean, variance = np.array([0.3, -0.2, 0.0, 0.1]), np.array([0.1, 0.5, 2.0, 0.02])
    offset = np.log(rates.rate[TYPES, 0]) + np.log(cells.exposure)
    found = effects(cells.opened, cells.observed(0), offset, TYPES, 3.0, mean, variance)

    def loss(values: np.ndarray) -> float:
        penalty = ((values[:4] - mean) ** 2 / variance).sum() + 4.0 * (values[4:] ** 2).sum()
        return negative_log_likelihood(values, cells, 3.0, rates) + 0.5 * penalty

    wanted = minimize(loss, np.zeros(7), method="BFGS", options={"gtol": 1e-6}).x
    np.testing.assert_allclose(np.concatenate(found), wanted, atol=2e-3)


def test_cells_of_a_fit_may_have_something_settled() -> None:
    """An offset moves the rate as it is, and the network's factor does not touch it."""

    generator = np.random.default_rng(2)
    network, settled = generator.normal(size=4000), generator.normal(size=4000)
    counts = generator.poisson(np.exp(0.2 + 0.5 * network + settled)).astype(float)
    none = sp.csr_matrix((4000, 0))
    cells = GeneCells(none, none, counts, np.ones(4000), network, settled)
    start = random_start(0, 0, 1, 0.0, 1e4, generator)
    intercept, factor = fitted(cells, start, Penalties(0.0, 0.0, poisson=True), 20).network
    assert (intercept, factor) == (pytest.approx(0.2, abs=0.05), pytest.approx(0.5, abs=0.05))
