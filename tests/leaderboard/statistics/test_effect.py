"""Effects against their own bootstrap by brute force, and where there is none."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from xbench.leaderboard.statistics import effect, pairs


def test_interval_agrees_with_every_resample_of_four_targets(make_values: Any) -> None:
    first, second = [1.0, 4.0, 2.0, 9.0], [0.0, 1.0, 4.0, 1.0]
    found = effect(pairs(make_values(a=first, b=second), "a", "b"))
    differences = np.subtract(first, second)
    means = [np.mean(draw) for draw in itertools.product(differences, repeat=4)]
    low, high = np.quantile(means, [0.025, 0.975])
    assert found.mean == differences.mean() == 2.5
    # 2,000 of the 256 possible draws: an end may be off by one step of a quarter.
    assert found.low == pytest.approx(low, abs=0.5)
    assert found.high == pytest.approx(high, abs=0.5)
    assert found.targets == 4
    assert found.side == "around"


def test_interval_knows_of_repetitions(make_values: Any) -> None:
    # The target means differ by 1 on both targets; only the repetitions spread.
    found = effect(pairs(make_values(a=[[0, 4], [0, 4]], b=[[1, 1], [1, 1]]), "a", "b"))
    assert found.mean == 1.0
    assert found.low is not None
    assert found.low < 0 < 1 < (found.high or 0)


@pytest.mark.parametrize(
    ("first", "side"), [([1, 2, 3], "above"), ([-1, -2, -3], "below"), ([-1, 2, -3], "around")]
)
def test_side_of_zero(make_values: Any, first: list[float], side: str) -> None:
    assert effect(pairs(make_values(a=first, b=[0, 0, 0]), "a", "b")).side == side


def test_one_value_has_a_mean_but_no_interval(make_values: Any) -> None:
    found = effect(pairs(make_values(a=[3], b=[1]), "a", "b"))
    assert (found.mean, found.low, found.high, found.targets) == (2.0, None, None, 1)
    assert found.side == "unknown"
    assert found.reason == "an interval needs more than one value"


def test_no_shared_target_has_nothing_and_says_so(make_values: Any) -> None:
    values = make_values(a=[3], b=[1])
    values["b"] = {("Oligo", "MOG"): [1.0]}
    found = effect(pairs(values, "a", "b"))
    assert (found.mean, found.low, found.high, found.targets) == (None, None, None, 0)
    assert found.reason == "no target has values of both methods"
