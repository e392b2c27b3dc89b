"""The band against SciPy, against simulation, and by laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xbench.regression.noise import difference

from ..slow_rest import rest_slow

VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=6)
TARGETS = st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=5)


def test_one_target_is_welchs_test() -> None:
    generator = np.random.default_rng(1)
    before, after = generator.normal(0, 1, 5), generator.normal(1, 3, 7)
    found = difference([before.tolist()], [after.tolist()])
    by_scipy = stats.ttest_ind(after, before, equal_var=False, alternative="greater")
    assert found.chance_of(found.change) == pytest.approx(by_scipy.pvalue)
    assert found.degrees == pytest.approx(by_scipy.df)


@given(TARGETS)
def test_turning_it_round_turns_the_change_round(sides: list[tuple[list[float], ...]]) -> None:
    before, after = ([list(side[n]) for side in sides] for n in (0, 1))
    one, other = difference(before, after), difference(after, before)
    assert one.change == pytest.approx(-other.change)
    assert one.standard_error == pytest.approx(other.standard_error)
    assert one.degrees == pytest.approx(other.degrees)


@given(TARGETS, st.floats(-50, 50), st.floats(0.1, 10))
def test_shift_and_scale(sides: list[tuple[list[float], ...]], shift: float, scale: float) -> None:
    before, after = ([list(side[n]) for side in sides] for n in (0, 1))
    moved = [[[scale * x + shift for x in values] for values in side] for side in (before, after)]
    one, other = difference(before, after), difference(*moved)
    assert other.change == pytest.approx(scale * one.change, abs=1e-9)
    assert other.standard_error == pytest.approx(scale * one.standard_error, abs=1e-6)


def test_what_targets_differ_by_is_no_noise() -> None:
    repetitions = [0.0, 0.1, 0.2, 0.3, 0.4]
    apart = difference(
        [repetitions, [100 + x for x in repetitions]], [repetitions, [100 + x for x in repetitions]]
    )
    alike = difference([repetitions, repetitions], [repetitions, repetitions])
    assert apart.standard_error == pytest.approx(alike.standard_error)


def test_a_single_repetition_borrows_the_variance_of_the_other_side() -> None:
    found = difference([[1.0, 2.0, 3.0]], [[2.0]])
    assert found.standard_error == pytest.approx(np.sqrt(1 / 3 + 1))


@pytest.mark.parametrize(
    "spread", rest_slow(["different", "skewed", "equal", "one target only"], 2)
)
def test_false_alarms_are_as_rare_as_said(spread: str) -> None:
    # Nothing but the seeds changes: 1,000 comparisons of 5 repetitions of 7 targets.
    generator = np.random.default_rng(3)
    widths = {
        "equal": np.ones(7),
        "different": np.arange(1.0, 8.0),
        "one target only": np.array([1.0, 0, 0, 0, 0, 0, 0]),
        "skewed": np.ones(7),
    }[spread]
    draw = generator.exponential if spread == "skewed" else generator.standard_normal
    chances = []
    for _ in range(1000):
        values = draw(size=(2, 7, 5)) * widths[:, None]
        found = difference(values[0].tolist(), values[1].tolist())
        chances.append(found.chance_of(found.change))
    share = np.mean(np.array(chances) < 0.05)
    # Welch's test may be a little conservative; it must not be liberal.
    assert share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)
