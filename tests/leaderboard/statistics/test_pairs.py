"""Pairing two methods target by target, worked by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from xbench.errors import XbenchError
from xbench.leaderboard.statistics import effect, pairs


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
        ([1, 5, 6], [2], [-1.0, 3.0, 4.0]),
        ([2], [1, 5, 6], [1.0, -3.0, -4.0]),
        # Paired -1 and 2, mean 0.5; the means are 4 and 2.5, so all move by 1.
        ([1, 5, 6], [2, 3], [0.0, 3.0]),
    ],
)
def test_unequal_numbers_of_repetitions_keep_the_difference_of_the_means(
    make_values: Any, first: list[float], second: list[float], expected: list[float]
) -> None:
    shared = pairs(make_values(a=[first], b=[second]), "a", "b")
    assert shared.differences == [expected]
    assert effect(shared).mean == pytest.approx(shared.mean_differences[0])


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_refused_by_name(make_values: Any, bad: float) -> None:
    values = make_values(a=[1, bad], b=[1, 2])
    with pytest.raises(XbenchError, match="values of a on VIP:GENE01: every value must be finite"):
        pairs(values, "b", "a")


def test_a_method_that_is_not_there_is_refused(make_values: Any) -> None:
    with pytest.raises(XbenchError, match=r"unknown method 'grid'.*Valid methods: grids, random"):
        pairs(make_values(grids=[1], random=[2]), "grid", "random")
