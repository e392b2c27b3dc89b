"""One method against each other, with Holm's correction over them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from xbench.leaderboard.statistics import compare

ROWS = {
    "saliency": [-1.0, -2.0, -1.5, -4.0],
    "random": [0.5, 0.0, -0.5, 0.25],
    "grids": [-5.0, -6.5, -4.0, -9.0],
    "fimap": [-4.0, -6.75, -3.0, -8.0],
}


def test_each_other_method_is_compared_and_corrected_together(make_values: Any) -> None:
    found = compare(make_values(**ROWS), "grids", "lower")
    assert [(one.method, one.other, one.targets) for one in found] == [
        ("grids", name, 4) for name in ("saliency", "random", "fimap")
    ]
    raw = [
        stats.ttest_rel(ROWS["grids"], ROWS[one.other], alternative="less").pvalue for one in found
    ]
    assert [one.t_test.p_value for one in found] == pytest.approx(raw)
    _, adjusted, *_ = multipletests(raw, method="holm")
    assert [one.t_test.adjusted for one in found] == pytest.approx(adjusted.tolist())
    ranks = [
        stats.wilcoxon(ROWS["grids"], ROWS[one.other], alternative="less").pvalue for one in found
    ]
    assert [one.signed_rank.p_value for one in found] == pytest.approx(ranks)
    _, adjusted, *_ = multipletests(ranks, method="holm")
    assert [one.signed_rank.adjusted for one in found] == pytest.approx(adjusted.tolist())
    means = [np.mean(ROWS["grids"]) - np.mean(ROWS[one.other]) for one in found]
    assert [one.effect.mean for one in found] == pytest.approx(means)


def test_a_comparison_that_cannot_be_done_is_no_member_of_the_family(make_values: Any) -> None:
    values = make_values(**ROWS)
    values["short"] = {("VIP", "GENE00"): [0.0]}
    *others, short = compare(values, "grids", "lower", ["saliency", "fimap", "short"])
    assert short.t_test.p_value is short.t_test.adjusted is None
    assert short.t_test.reason == "1 target with values of both methods; 2 are needed"
    assert (short.targets, len(short.missing)) == (1, 3)
    smallest = min(one.t_test.p_value or 1 for one in others)
    assert min(one.t_test.adjusted or 1 for one in others) == pytest.approx(2 * smallest)


def test_the_worse_method_is_not_significantly_better(make_values: Any) -> None:
    (one,) = compare(make_values(**ROWS), "random", "lower", ["grids"])
    assert (one.t_test.p_value or 0) > 0.9
    (other,) = compare(make_values(**ROWS), "random", "higher", ["grids"], paired=False)
    assert other.t_test.test == "Welch's t-test"
    assert (other.t_test.p_value or 1) < 0.05
