"""The fit of one gene: its derivatives, its sums, and that it finds what was planted."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import nbinom

from xbench.surrogates.training.noisy_or_fit import (
    GeneCells,
    GeneFit,
    Penalties,
    _derivatives,
    _state,
    fitted,
    log_likelihoods,
    random_start,
    softplus,
)


def some_cells(seed: int, n: int = 300, raising: int = 5, lowering: int = 2) -> GeneCells:
    generator = np.random.default_rng(seed)
    up, down = ((generator.random((n, k)) < 0.3).astype(float) for k in (raising, lowering))
    exposure = 0.5 + generator.random(n)
    network = generator.normal(size=n)
    counts = generator.poisson(2.0 * exposure).astype(float)
    return GeneCells(sp.csr_matrix(up), sp.csr_matrix(down), counts, exposure, network)


def some_fit(seed: int, raising: int = 5, lowering: int = 2) -> GeneFit:
    generator = np.random.default_rng(seed)
    return GeneFit(
        generator.normal(size=(raising, 3)),
        generator.normal(size=3),
        generator.normal(size=lowering),
        np.array([0.2, 0.8]),
        3.0,
    )


def flat(fit: GeneFit) -> np.ndarray:
    return np.concatenate([fit.member.T.ravel(), fit.lowering, fit.effect, fit.network])


def unflat(values: np.ndarray, like: GeneFit) -> GeneFit:
    edges = np.cumsum([like.member.size, len(like.lowering), len(like.effect)])
    member, lowering, effect, network = np.split(values, edges)
    shape = like.member.shape[::-1]
    return GeneFit(member.reshape(shape).T, effect, lowering, network, like.size)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("raising", "lowering"), [(5, 2), (4, 0), (0, 3), (0, 0)])
def test_the_gradient_is_that_of_finite_differences(seed: int, raising: int, lowering: int) -> None:
    cells, fit = some_cells(seed, 300, raising, lowering), some_fit(seed, raising, lowering)
    penalties = Penalties(sparsity=1.7, network=2.3)
    both = sp.csr_matrix(sp.hstack([cells.raising, cells.lowering]))
    state = _state(cells, fit, penalties)
    gradient, curvature = _derivatives(cells, both, state, penalties)
    point = flat(fit)
    for number in range(len(point)):
        moved = np.zeros(len(point))
        moved[number] = 1e-5
        values = [
            _state(cells, unflat(one, fit), penalties).value
            for one in (point + moved, point - moved)
        ]
        assert gradient[number] == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-4, abs=1e-4)
    np.testing.assert_allclose(curvature, curvature.T, atol=1e-9)
    assert np.linalg.eigvalsh(curvature).min() > -1e-6 * abs(curvature).max()


def test_the_curvature_is_that_of_the_rates_derivatives() -> None:
    cells, fit = some_cells(7), some_fit(7)
    both = sp.csr_matrix(sp.hstack([cells.raising, cells.lowering]))
    nothing = Penalties(sparsity=0.0, network=0.0)
    state = _state(cells, fit, nothing)
    _, curvature = _derivatives(cells, both, state, nothing)
    point, columns = flat(fit), []
    for number in range(len(point)):
        moved = np.zeros(len(point))
        moved[number] = 1e-6
        rates = [
            np.log(_state(cells, unflat(one, fit), nothing).expected)
            for one in (point + moved, point - moved)
        ]
        columns.append((rates[0] - rates[1]) / 2e-6)
    jacobian = np.stack(columns)
    weight = state.expected / (1 + state.expected / fit.size)
    np.testing.assert_allclose(curvature, (jacobian * weight) @ jacobian.T, rtol=1e-4, atol=1e-4)


def test_the_likelihood_is_that_of_scipy() -> None:
    cells, fit = some_cells(1), some_fit(1)
    mean = _state(cells, fit, Penalties(0.0)).expected
    wanted = nbinom.logpmf(cells.counts, fit.size, fit.size / (fit.size + mean)).sum()
    assert log_likelihoods(cells, fit).sum() == pytest.approx(wanted)


def test_redundant_peaks_are_put_into_one_module_and_a_repressor_lowers() -> None:
    generator = np.random.default_rng(3)
    n = 4000
    opened = (generator.random((n, 6)) < 0.25).astype(float)
    repressor = (generator.random((n, 1)) < 0.3).astype(float)
    either = (opened[:, 0] + opened[:, 1] > 0) * 1.5 + (opened[:, 2] + opened[:, 3] > 0) * 0.9
    rate = np.exp(0.3 + either - 0.7 * repressor[:, 0])
    counts = generator.poisson(rate).astype(float)
    cells = GeneCells(
        sp.csr_matrix(opened), sp.csr_matrix(repressor), counts, np.ones(n), np.zeros(n)
    )
    fit = fitted(cells, random_start(6, 1, 3, 0.0, 5.0, generator), Penalties(1.0), 30)
    assert softplus(fit.lowering)[0] == pytest.approx(0.7, abs=0.1)

    def effect_of(*peaks: int) -> float:
        x = np.zeros(6)
        x[list(peaks)] = 1
        return float(-np.expm1(-x @ softplus(fit.member)) @ softplus(fit.effect))

    # Either of a module does nearly all that both do; of two modules, effects add.
    assert effect_of(0) == pytest.approx(1.5, abs=0.15)
    assert effect_of(0, 1) == pytest.approx(1.5, abs=0.15)
    assert effect_of(0, 2) == pytest.approx(2.4, abs=0.2)
    assert effect_of(4, 5) < 0.1


def test_steps_lower_the_penalised_loss() -> None:
    cells = some_cells(5)
    start, penalties = (
        random_start(5, 2, 3, 0.0, 1e4, np.random.default_rng(0)),
        Penalties(1.0, poisson=True),
    )
    values = [
        _state(cells, fitted(cells, start, penalties, rounds), penalties).value
        for rounds in range(6)
    ]
    assert values == sorted(values, reverse=True)
    assert values[5] < values[0] - 1
