"""The t-tests against SciPy's and statsmodels', and where they cannot be done."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW, ttest_ind

from xbench.errors import XbenchError
from xbench.leaderboard.statistics import pairs, t_test

SIDES = [("lower", "less", "smaller"), ("higher", "greater", "larger")]


@pytest.fixture
def rows() -> tuple[list[list[float]], list[list[float]]]:
    """Two methods, 16 targets, 3 repetitions."""
    random = np.random.default_rng(2)
    targets = random.gamma(2.0, 3.0, size=(16, 1))
    first = targets + random.normal(-0.4, 1.0, size=(16, 3))
    second = targets + random.normal(0.0, 1.0, size=(16, 3))
    return first.tolist(), second.tolist()


@pytest.mark.parametrize(("direction", "side", "name"), SIDES)
def test_paired_agrees_with_scipy_and_statsmodels(
    make_values: Any, rows: Any, direction: str, side: Any, name: str
) -> None:
    found = t_test(pairs(make_values(a=rows[0], b=rows[1]), "a", "b"), direction)
    first, second = np.mean(rows[0], axis=1), np.mean(rows[1], axis=1)
    scipy = stats.ttest_rel(first, second, alternative=side)
    assert found.statistic == pytest.approx(scipy.statistic)
    assert found.p_value == pytest.approx(scipy.pvalue)
    _, p_value, _ = DescrStatsW(first - second).ttest_mean(0, alternative=name)
    assert found.p_value == pytest.approx(p_value)
    assert (found.test, found.targets, found.reason) == ("paired t-test", 16, "")


@pytest.mark.parametrize(("direction", "side", "name"), SIDES)
def test_independent_is_welchs(
    make_values: Any, rows: Any, direction: str, side: Any, name: str
) -> None:
    shared = pairs(make_values(a=rows[0], b=rows[1]), "a", "b")
    found = t_test(shared, direction, paired=False)
    first, second = np.mean(rows[0], axis=1), np.mean(rows[1], axis=1)
    scipy = stats.ttest_ind(first, second, equal_var=False, alternative=side)
    assert found.p_value == pytest.approx(scipy.pvalue)
    _, p_value, _ = ttest_ind(first, second, alternative=name, usevar="unequal")
    assert found.p_value == pytest.approx(p_value)
    assert found.test == "Welch's t-test"


def test_worked_by_hand(make_values: Any) -> None:
    # Differences -1, -2, -3: mean -2, standard error 1 / sqrt(3); Student's t with 2 degrees of
    # freedom has the distribution 1/2 + t / (2 sqrt(2 + t^2)), and t^2 is 12.
    found = t_test(pairs(make_values(a=[1, 2, 3], b=[2, 4, 6]), "a", "b"), "lower")
    assert found.statistic == pytest.approx(-(12**0.5))
    assert found.p_value == pytest.approx(0.5 - 12**0.5 / (2 * 14**0.5))


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_targets_have_no_p_value(make_values: Any, count: int) -> None:
    values = make_values(a=[1.0] * count, b=[2.0] * count)
    for paired in (True, False):
        found = t_test(pairs(values, "a", "b"), "lower", paired)
        assert found.statistic is found.p_value is None
        assert found.reason.startswith(f"{count} target")
        assert found.reason.endswith("with values of both methods; 2 are needed")


@pytest.mark.parametrize("first", [[1, 2, 4], [0.1, 1.1, 3.1]])
def test_equal_differences_have_no_p_value(make_values: Any, first: list[float]) -> None:
    # 0.1 - 1.2 and 1.1 - 2.2 differ by rounding only: that is no spread.
    values = make_values(a=first, b=[value + 1.1 for value in first])
    found = t_test(pairs(values, "a", "b"), "lower")
    assert found.p_value is None
    assert found.reason == "the difference is the same for every target"
    assert t_test(pairs(values, "a", "b"), "lower", paired=False).p_value is not None


def test_no_difference_at_all_has_no_p_value(make_values: Any) -> None:
    shared = pairs(make_values(a=[0, 0, 0], b=[0, 0, 0]), "a", "b")
    assert t_test(shared, "lower").p_value is None
    independent = t_test(shared, "lower", paired=False)
    assert independent.p_value is None
    assert independent.reason == "neither method's values vary over the targets"


def test_a_small_spread_is_still_tested(make_values: Any) -> None:
    values = make_values(a=[1e-3, 2e-3, 4e-3], b=[0, 0, 0])
    found = t_test(pairs(values, "a", "b"), "higher")
    assert found.p_value == pytest.approx(stats.ttest_1samp([1, 2, 4], 0).pvalue / 2)


def test_a_metric_without_direction_is_refused(make_values: Any) -> None:
    shared = pairs(make_values(a=[1, 2], b=[2, 4]), "a", "b")
    with pytest.raises(XbenchError, match="Valid directions: higher, lower"):
        t_test(shared, "none")
