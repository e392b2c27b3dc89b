"""The signed-rank test against SciPy, against every sign, and where it cannot be done."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy import stats

from xbench.leaderboard.statistics import pairs, signed_rank_test


def found_for(make_values: Any, differences: list[float], direction: str = "higher") -> Any:
    values = make_values(a=differences, b=[0.0] * len(differences))
    return signed_rank_test(pairs(values, "a", "b"), direction)


@pytest.mark.parametrize("count", [2, 7, 16, 60])
@pytest.mark.parametrize(("direction", "side"), [("higher", "greater"), ("lower", "less")])
def test_agrees_with_scipys_exact_test(
    make_values: Any, count: int, direction: str, side: Any
) -> None:
    differences = np.random.default_rng(count).normal(0.3, 1.0, count)
    found = found_for(make_values, differences.tolist(), direction)
    witness = stats.wilcoxon(differences, alternative=side, method="exact")
    assert found.p_value == pytest.approx(witness.pvalue)
    assert found.targets == count
    if direction == "higher":
        assert found.statistic == witness.statistic


@pytest.mark.parametrize(
    "differences", [[1, 1, -1, 2, 2, 3], [-2, 2, 2, -1, 5, 5, 5, 1, -5], [3, 3, 3]]
)
def test_ties_agree_with_every_choice_of_signs(make_values: Any, differences: list[float]) -> None:
    ranks = stats.rankdata(np.abs(differences))
    reached = ranks[np.array(differences) > 0].sum()
    signs = itertools.product([0, 1], repeat=len(differences))
    share = np.mean([np.dot(ranks, sign) >= reached for sign in signs])
    found = found_for(make_values, differences)
    assert found.statistic == reached
    assert found.p_value == pytest.approx(share)


def test_differences_that_are_equal_but_for_rounding_share_their_rank(make_values: Any) -> None:
    # All are 0.1, none of them exactly; three of four are in favour: C(4, 3) + 1 of 16 signs.
    values = make_values(a=[0.1, 0.2, 0.6, 0.0], b=[0.2, 0.3, 0.5, 0.1])
    found = signed_rank_test(pairs(values, "a", "b"), "lower")
    assert (found.statistic, found.p_value) == (7.5, 5 / 16)


def test_targets_without_a_difference_are_left_out(make_values: Any) -> None:
    found = found_for(make_values, [0, 1, 0, 2, -3])
    assert found.targets == 3
    assert found.p_value == stats.wilcoxon([1, 2, -3], alternative="greater").pvalue


def test_better_on_all_16_targets_is_one_of_all_signs(make_values: Any) -> None:
    found = found_for(make_values, [-float(index) for index in range(1, 17)], "lower")
    assert found.p_value == pytest.approx(2.0**-16)


def test_equal_on_every_target_has_no_p_value(make_values: Any) -> None:
    found = found_for(make_values, [0, 0, 0])
    assert found.p_value is found.statistic is None
    assert found.reason == "the methods are equal on every target"


def test_one_target_has_no_p_value(make_values: Any) -> None:
    found = found_for(make_values, [2])
    assert found.p_value is None
    assert found.reason == "1 target with values of both methods; 2 are needed"
