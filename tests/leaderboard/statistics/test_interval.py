"""Intervals against scipy, against every possible resample, and against the laws they obey."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from xbench.leaderboard import hierarchical_interval

numbers = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))
groups = st.lists(st.lists(numbers, min_size=1, max_size=4), min_size=1, max_size=5)


def test_mean_is_the_mean_of_means() -> None:
    assert hierarchical_interval([[1.0, 2.0, 6.0], [5.0]]).mean == 4.0


def test_third_level_is_the_mean_of_the_means_of_means() -> None:
    cell_types = [[[1.0, 3.0], [4.0]], [[10.0]]]
    assert hierarchical_interval(cell_types).mean == pytest.approx(((2 + 4) / 2 + 10) / 2)


@pytest.mark.parametrize("one_level", [True, False])
def test_agrees_with_scipy_where_there_is_one_level(one_level: bool) -> None:
    values = np.random.default_rng(3).gamma(2.0, size=30)
    # One target with many repetitions, or many targets with one: the same bootstrap.
    nested = [list(values)] if one_level else [[value] for value in values]
    ours = hierarchical_interval(nested, resamples=50_000)
    witness = stats.bootstrap(
        (values,), np.mean, n_resamples=50_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    width = witness.high - witness.low
    assert ours.low == pytest.approx(witness.low, abs=0.02 * width)
    assert ours.high == pytest.approx(witness.high, abs=0.02 * width)


def test_agrees_with_every_possible_resample_of_two_targets() -> None:
    values = [[0.0, 4.0], [10.0]]
    # Drawing target 0 gives the mean of two draws from (0, 4); drawing target 1 gives 10.
    within = [[0.0, 2.0, 2.0, 4.0], [10.0] * 4]
    means = [
        (first + second) / 2
        for one, two in itertools.product(range(2), repeat=2)
        for first, second in itertools.product(within[one], within[two])
    ]
    ours = hierarchical_interval(values, level=0.8, resamples=20_000)
    assert ours.mean == 6.0
    # Of the 64 equally likely means 5 are below 2 and 11 are at most 2.
    assert sorted(means)[len(means) // 10] == 2.0 == ours.low
    assert ours.high == 10.0


def test_repetitions_of_a_target_drawn_twice_are_drawn_apart() -> None:
    # The mean is 0 in 1/16 of the resamples (more than 5%, less than 10%), and at most 0.25 in
    # 5/16. Were a target drawn twice given the same repetitions, it would be 0 in 5/32 of them.
    drawn = [hierarchical_interval([[0.0, 1.0]] * 2, level=level).low for level in (0.9, 0.8)]
    assert drawn == [0.0, 0.25]


@pytest.mark.parametrize("values", [[], [[]], [[], []]])
def test_nothing_gives_nothing(values: list[list[float]]) -> None:
    assert all(math.isnan(number) for number in hierarchical_interval(values))


@pytest.mark.parametrize("values", [[[2.5]], [[], [2.5]]])
def test_one_value_has_no_interval(values: list[list[float]]) -> None:
    mean, low, high = hierarchical_interval(values)
    assert mean == 2.5
    assert math.isnan(low)
    assert math.isnan(high)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_refuses_what_is_not_finite(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        hierarchical_interval([[1.0, bad]])


def test_constant_values_give_an_interval_of_no_width() -> None:
    # 0.1 + 0.1 + 0.1 is not 0.3: rounding must not open the interval.
    assert hierarchical_interval([[0.1, 0.1, 0.1], [0.1]]) == (0.1, 0.1, 0.1)


def test_seed_decides_and_nothing_else() -> None:
    values = [[1.0, 2.0, 4.0], [7.0, 11.0], [16.0]]
    assert hierarchical_interval(values, seed=5) == hierarchical_interval(values, seed=5)
    assert hierarchical_interval(values, seed=5) != hierarchical_interval(values, seed=6)


@settings(max_examples=40, deadline=None)
@given(groups, st.floats(-100, 100), st.floats(0.01, 100))
def test_moves_and_stretches_with_the_values(
    values: list[list[float]], shift: float, scale: float
) -> None:
    plain = hierarchical_interval(values)
    moved = hierarchical_interval([[scale * value + shift for value in group] for group in values])
    expected = [scale * number + shift for number in plain]
    assert list(moved) == pytest.approx(expected, rel=1e-6, abs=1e-6 * scale, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(groups)
def test_turned_values_turn_the_interval(values: list[list[float]]) -> None:
    mean, low, high = hierarchical_interval(values)
    turned = hierarchical_interval([[-value for value in group] for group in values])
    assert list(turned) == pytest.approx([-mean, -high, -low], abs=1e-9, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(groups)
def test_stays_within_the_values(values: list[list[float]]) -> None:
    mean, low, high = hierarchical_interval(values)
    flat = [value for group in values for value in group]
    assert min(flat) <= mean <= max(flat)
    if len(flat) > 1:
        assert min(flat) <= low <= high <= max(flat)
