"""Pairing two methods target by target, worked by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from xbench.errors import XbenchError
from xbench.leaderboard.statistics import effect, pairs, rank_in_tiers, signed_rank_test, t_test


def test_only_targets_of_both_count_and_the_others_are_named(make_values: Any) -> None:
    values = make_values(grids=[1, 2, 3], random=[4, 5, 6])
    del values["random"]["VIP", "GENE00"]
    values["grids"]["VIP", "GENE01"] = []
    shared = pairs(values, "grids", "random")
    assert shared.targets == (("VIP", "GENE02"),)
    assert shared.missing == (("VIP", "GENE00"), ("VIP", "GENE01"))
    assert shared.mean_differences == [-3.0]


def test_as_many_repetitions_are_subtracted_one_by_one(make_values: Any) -> None:
    shared = pairs(make_values(a=[[1, 5]], b=[[2, 3]]), "a", "b")
    assert shared.differences == [[-1.0, 2.0]]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 5, 6], [2], [-1.0]),
        ([2], [1, 5, 6], [1.0]),
        ([1, 5, 6], [2, 3], [-1.0, 2.0]),
        ({0: 1, 2: 6}, {0: 2, 1: 3, 2: 4}, [-1.0, 2.0]),
        # None in common: all against all.
        ({0: 1, 1: 5}, {2: 2, 3: 3}, [-1.0, -2.0, 3.0, 2.0]),
    ],
)
def test_repetitions_of_one_number_are_compared(
    first: Any, second: Any, expected: list[float]
) -> None:
    target = ("VIP", "GAD1")
    shared = pairs({"a": {target: first}, "b": {target: second}}, "a", "b")
    assert shared.differences == [expected]
    assert effect(shared).mean == pytest.approx(shared.mean_differences[0])


def test_what_a_failed_repetition_shares_with_the_others_does_not_enter_the_difference() -> None:
    # Each repetition divides the cells anew, which moves both methods alike: a is always 1 lower.
    moved = {0: 5.0, 1: -3.0, 2: 8.0}
    targets = [("VIP", name) for name in "ABC"]
    values = {
        "a": {target: {number: by - 1 for number, by in moved.items()} for target in targets},
        "b": {target: dict(moved) for target in targets},
    }
    del values["a"]["VIP", "B"][0]
    found = effect(pairs(values, "a", "b"))
    assert (found.mean, found.low, found.high) == (-1.0, -1.0, -1.0)


def test_what_differs_by_rounding_is_equal(make_values: Any) -> None:
    generator = np.random.default_rng(0)
    exact = generator.normal(-97, 1, 16)
    values = make_values(a=exact.tolist(), b=(exact * (1 - 6e-8)).tolist())
    shared = pairs(values, "a", "b")
    assert effect(shared).side == "around"
    assert t_test(shared, "lower").p_value is None
    assert signed_rank_test(shared, "lower").p_value is None
    (tier,) = rank_in_tiers(values, "lower").tiers
    assert tier.methods == ("a", "b")


def test_what_differs_by_rounding_around_nothing_is_equal(make_values: Any) -> None:
    # Some 1e-6 %, all on one side: relative to values of the same size that is a lot.
    noise = np.random.default_rng(0).uniform(1e-6, 2e-6, (16, 2))
    values = make_values(a=(-noise).tolist(), b=[[0.0, 0.0]] * 16)
    shared = pairs(values, "a", "b")
    assert effect(shared).side == "around"
    for paired in (True, False):
        assert t_test(shared, "lower", paired).p_value is None
    assert signed_rank_test(shared, "lower").p_value is None
    (tier,) = rank_in_tiers(values, "lower").tiers
    assert set(tier.methods) == {"a", "b"}


def test_what_a_table_could_show_is_still_a_difference(make_values: Any) -> None:
    # Of a share of 1, in its last digit.
    seen = [0.001 + 1e-4 * one for one in range(8)]
    shared = pairs(make_values(a=seen, b=[0.0] * 8), "a", "b")
    assert effect(shared).side == "above"
    assert t_test(shared, "higher").p_value < 1e-3
    assert signed_rank_test(shared, "higher").p_value == pytest.approx(0.5**8)


def test_repetitions_that_cancel_leave_no_difference(make_values: Any) -> None:
    rows = [[0.1, 0.2, -0.3]] * 4  # which add up to 5.6e-17
    shared = pairs(make_values(a=rows, b=[[0.0] * 3] * 4), "a", "b")
    assert signed_rank_test(shared, "higher").p_value is None


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_refused_by_name(make_values: Any, bad: float) -> None:
    values = make_values(a=[1, bad], b=[1, 2])
    with pytest.raises(XbenchError, match="values of a on VIP:GENE01: every value must be finite"):
        pairs(values, "b", "a")


def test_a_method_that_is_not_there_is_refused(make_values: Any) -> None:
    with pytest.raises(XbenchError, match=r"unknown method 'grid'.*Valid methods: grids, random"):
        pairs(make_values(grids=[1], random=[2]), "grid", "random")
