"""Correlation and coefficient of determination: hand-worked, against SciPy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import pearsonr

from xbench.surrogates.evaluation.fit import BLOCK, determination, pearson

columns = arrays(np.float64, 6, elements=st.floats(-100, 100, width=32))


def test_by_hand() -> None:
    observed = np.array([[1.0, 1], [2, 2], [3, 3]])
    predicted = np.array([[2.0, 3], [2, 2], [5, 1]])
    # Deviations (-1, 0, 1) and (-1, -1, 2): 3 / sqrt(2 * 6).
    assert pearson(observed, predicted).tolist() == pytest.approx([3 / 12**0.5, -1])
    # Squared errors 1 + 0 + 4 and 4 + 0 + 4, squared deviations 2.
    assert determination(observed, predicted).tolist() == [1 - 5 / 2, 1 - 8 / 2]


def test_against_scipy_and_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(0)
    observed = generator.gamma(1, 2, (40, 9)).astype(np.float32)
    predicted = (observed + generator.normal(size=(40, 9)) + 3).astype(np.float32)
    wanted = [pearsonr(*pair).statistic for pair in zip(observed.T, predicted.T, strict=True)]
    np.testing.assert_allclose(pearson(observed, predicted), wanted, rtol=1e-5)
    wanted = metrics.r2_score(observed, predicted, multioutput="raw_values")
    np.testing.assert_allclose(determination(observed, predicted), wanted, rtol=1e-5)


def test_constants_are_undefined_never_zero() -> None:
    varying, constant = np.array([1.0, 2, 4]), np.full(3, 0.1)
    observed = np.column_stack([varying, constant, constant])
    predicted = np.column_stack([constant, varying, constant])
    assert np.isnan(pearson(observed, predicted)).all()
    explained = determination(observed, predicted)
    # A constant prediction is a bad one, not an undefined one.
    assert explained[0] < 0
    assert np.isnan(explained[1:]).all()


def test_rounding_does_not_vary() -> None:
    # The mean of 0.1 over 3 and over 7 cells differs in the last digit.
    rounded = np.array([[0.1], [np.float32(0.1)], [0.1 + 1e-9]])
    varying = np.array([[1.0], [2], [3]])
    assert np.isnan(pearson(rounded, varying))
    assert np.isnan(pearson(varying, rounded))
    assert np.isnan(determination(rounded, varying))
    small = 1e-12 * varying  # small, but far from constant
    assert pearson(small, varying)[0] == pytest.approx(1)


def test_what_is_not_a_number_is_undefined() -> None:
    observed = np.array([[1.0], [np.nan], [3]])
    assert np.isnan(pearson(observed, np.ones((3, 1)) * [[1], [2], [3]]))
    assert np.isnan(determination(observed, np.array([[1.0], [2], [3]])))


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows_are_undefined(rows: int) -> None:
    values = np.ones((rows, 2))
    assert np.isnan(pearson(values, values)).all()
    assert np.isnan(determination(values, values)).all()


def test_columns_do_not_depend_on_their_block() -> None:
    generator = np.random.default_rng(1)
    observed, predicted = generator.normal(size=(2, 5, 2 * BLOCK + 3))
    for measure in (pearson, determination):
        alone = [measure(observed[:, [c]], predicted[:, [c]])[0] for c in range(2 * BLOCK + 3)]
        np.testing.assert_allclose(measure(observed, predicted), alone, rtol=1e-12)


@pytest.mark.parametrize("measure", [pearson, determination])
def test_shapes_must_agree(measure) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=r"\(3, 2\) and \(2, 3\)"):
        measure(np.zeros((3, 2)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="one shape"):
        measure(np.zeros(3), np.zeros(3))


@given(columns, columns, st.floats(0.1, 10), st.floats(-10, 10))
def test_level_and_scale_change_the_determination_alone(
    first: np.ndarray, second: np.ndarray, scale: float, level: float
) -> None:
    observed, predicted = first[:, None], second[:, None]
    correlation, explained = pearson(observed, predicted), determination(observed, predicted)
    assume(np.ptp(first) > 0.01 and np.ptp(second) > 0.01)
    moved = pearson(observed, scale * predicted + level)
    assert moved[0] == pytest.approx(correlation[0], abs=1e-6)
    # The squared correlation is what the best level and scale would reach.
    assert explained[0] <= correlation[0] ** 2 + 1e-9
    best = np.polyval(np.polyfit(second, first, 1), second)[:, None]
    assert determination(observed, best)[0] == pytest.approx(correlation[0] ** 2, abs=1e-4)
    assert determination(observed, np.full((6, 1), first.mean()))[0] == pytest.approx(0, abs=1e-9)
