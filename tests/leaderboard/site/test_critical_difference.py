"""Mean ranks and groups, against the critical difference worked out from Demsar's table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xbench.leaderboard.site.critical_difference import groups, mean_ranks

pytest.importorskip("scikit_posthocs")
# Critical values of the two-tailed Nemenyi test at 5%, Demsar (2006), Table 5a, by the number of
# methods.
Q = {3: 2.343, 4: 2.569, 5: 2.728}


def values_of(table: np.ndarray) -> dict[str, dict[tuple[str, str], list[float]]]:
    """Return (targets, methods) as values by method and target."""
    return {
        f"m{column}": {("VIP", f"G{row:02}"): [table[row, column]] for row in range(len(table))}
        for column in range(table.shape[1])
    }


@pytest.mark.parametrize("methods", [3, 4, 5])
def test_groups_are_those_of_the_critical_difference(methods):
    random = np.random.default_rng(methods)
    table = random.normal(size=(16, methods)) + np.linspace(0, 2.2, methods)
    found = mean_ranks(values_of(table), "lower")
    assert found is not None
    assert found.targets == 16
    expected = stats.rankdata(table, axis=1).mean(axis=0)
    assert found.ranks == pytest.approx(np.sort(expected))
    assert found.p_value == pytest.approx(stats.friedmanchisquare(*table.T).pvalue)
    assert found.p_value < 0.05
    difference = Q[methods] * np.sqrt(methods * (methods + 1) / (6 * 16))
    alike = {
        (first, last)
        for first in range(methods)
        for last in range(first + 1, methods)
        if found.ranks[last] - found.ranks[first] < difference
    }
    largest = {
        (first, last)
        for first, last in alike
        if (first - 1, last) not in alike and (first, last + 1) not in alike
    }
    assert set(found.groups) == largest
    assert 0 < len(alike) < methods * (methods - 1) / 2


def test_higher_is_better_turns_the_order_round():
    table = np.array([[1.0, 2.0, 3.0]] * 4)
    assert mean_ranks(values_of(table), "lower").methods == ("m0", "m1", "m2")
    assert mean_ranks(values_of(table), "higher").methods == ("m2", "m1", "m0")


def test_methods_that_are_all_alike_are_one_group():
    table = np.random.default_rng(1).normal(size=(5, 4))
    found = mean_ranks(values_of(table), "lower")
    assert found.p_value > 0.05
    assert found.groups == ((0, 3),)


def test_a_method_without_a_value_for_every_target_is_left_out_and_named():
    values = values_of(np.arange(16.0).reshape(4, 4) % 5)
    del values["m1"]["VIP", "G02"]
    found = mean_ranks(values, "lower")
    assert found.left_out == ("m1",)
    assert "m1" not in found.methods


def test_too_few_to_test_give_nothing():
    assert mean_ranks(values_of(np.arange(8.0).reshape(4, 2)), "lower") is None
    assert mean_ranks(values_of(np.arange(6.0).reshape(2, 3)), "lower") is None
    assert mean_ranks(values_of(np.ones((4, 3))), "lower") is None


@given(st.lists(st.floats(1, 6), min_size=1, max_size=8).map(sorted), st.floats(0.1, 4))
def test_groups_hold_every_pair_that_is_alike_and_none_lies_in_another(ranks, difference):
    near = np.abs(np.subtract.outer(ranks, ranks)) < difference
    found = groups(near)
    for first, last in zip(*np.nonzero(near), strict=True):
        if first < last:
            assert any(start <= first and last <= end for start, end in found)
    for one in found:
        assert near[one]
        assert not any(
            one != other and other[0] <= one[0] and one[1] <= other[1] for other in found
        )
