"""Avg. delta, Rel. delta and its expm1 twin: worked numbers and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from xbench.metrics.expression import avg_delta, rel_delta, rel_delta_expm1

# Expression 1, 3 and 0 before; 0, 1 and 0 after; in log1p units.
BEFORE, AFTER = np.log([2.0, 4.0, 1.0]), np.log([1.0, 2.0, 1.0])


def values(low: float = 0.0) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float64, 5, elements=st.floats(low, 12))


def test_worked_numbers() -> None:
    assert avg_delta(BEFORE, AFTER) == pytest.approx((-1 - 2 + 0) / 3)
    assert rel_delta(BEFORE, AFTER) == pytest.approx(100 * (-0.5 - 0.5 + 0) / 3)
    assert rel_delta_expm1(BEFORE, AFTER) == pytest.approx(100 * (1 - 4) / 4)


@given(values(), values())
def test_they_are_their_definitions(before: np.ndarray, after: np.ndarray) -> None:
    a, b = np.exp(after), np.exp(before)
    assert avg_delta(before, after) == pytest.approx(np.mean(a - b), rel=1e-9, abs=1e-9)
    assert rel_delta(before, after) == pytest.approx(100 * np.mean((a - b) / b), rel=1e-9, abs=1e-9)


@given(values(0.1))
def test_nothing_masked_changes_nothing(before: np.ndarray) -> None:
    assert avg_delta(before, before) == 0
    assert rel_delta(before, before) == 0
    assert rel_delta_expm1(before, before) == 0


@given(values(), st.floats(-3, 3))
def test_a_shift_of_the_logarithm_is_a_ratio(before: np.ndarray, shift: float) -> None:
    assert rel_delta(before, before + shift) == pytest.approx(100 * np.expm1(shift), abs=1e-9)


@given(values(), values(), st.permutations(range(5)))
def test_the_order_of_cells_does_not_count(
    before: np.ndarray, after: np.ndarray, order: list[int]
) -> None:
    assert rel_delta(before[order], after[order]) == pytest.approx(
        rel_delta(before, after), rel=1e-9
    )


@given(values(), values())
def test_ranges_of_clamped_predictions(before: np.ndarray, after: np.ndarray) -> None:
    assert rel_delta(before, after) >= -100
    change = rel_delta_expm1(before, after)
    assert change is None or change >= -100 - 1e-9


def test_all_expression_gone_is_minus_100() -> None:
    assert rel_delta_expm1(np.array([1.0, 2.0]), np.zeros(2)) == -100
    # ... while 1 + expression does not vanish.
    assert rel_delta(np.array([1.0]), np.zeros(1)) == pytest.approx(100 * (np.exp(-1) - 1))


def test_nothing_expressed_has_no_relative_change() -> None:
    assert rel_delta_expm1(np.zeros(3), np.ones(3)) is None


def test_large_predictions_do_not_overflow() -> None:
    large = np.full(3, 700.0, dtype=np.float32)
    assert rel_delta(large, large - 1) == pytest.approx(100 * (np.exp(-1) - 1))
    assert np.isfinite(avg_delta(np.full(3, 200, np.float32), np.zeros(3, np.float32)))
