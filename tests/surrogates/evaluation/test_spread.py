"""Quantiles of what is defined, and what "mean R2" may be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr, scoreatpercentile

from xbench.surrogates.evaluation.agreement import QUANTILES, spread
from xbench.surrogates.evaluation.measure import interpretations


def test_undefined_values_are_counted_and_never_zero() -> None:
    found = spread(np.array([np.nan, 4.0, np.nan, 2.0, 9.0]))
    assert (found.defined, found.undefined, found.mean, found.median) == (3, 2, 5, 4)


def test_quantiles_are_scipys() -> None:
    values = np.random.default_rng(0).normal(size=101)
    wanted = [scoreatpercentile(values, 100 * at) for at in QUANTILES]
    assert spread(values).quantiles == pytest.approx(wanted)


def test_nothing_defined_has_no_mean() -> None:
    found = spread(np.full(3, np.nan))
    assert (found.defined, found.undefined) == (0, 3)
    assert np.isnan([found.mean, found.median, *found.quantiles]).all()


def test_what_mean_r2_may_be() -> None:
    generator = np.random.default_rng(0)
    observed, predicted = generator.gamma(1, 2, (2, 5, 3))
    counted = np.array([True, True, False, True, True])

    def squared(first: np.ndarray, second: np.ndarray) -> float:
        return pearsonr(first, second).statistic ** 2

    first, second = observed[counted], predicted[counted]
    explained = [
        1 - ((first[:, g] - second[:, g]) ** 2).sum() / (first[:, g].var() * 4) for g in range(3)
    ]
    wanted = {
        "marker_type_mean_r2": np.mean([squared(first[:, g], second[:, g]) for g in range(3)]),
        "marker_type_mean_r2_all_types": np.mean(
            [squared(observed[:, g], predicted[:, g]) for g in range(3)]
        ),
        "marker_type_mean_determination": np.mean(explained),
        "marker_type_median_determination": sorted(explained)[1],
        "type_marker_mean_r2": np.mean([squared(first[t], second[t]) for t in range(4)]),
        "pooled_r2": squared(first.ravel(), second.ravel()),
    }
    found = interpretations(observed, predicted, counted)
    assert {one.key: one.value for one in found} == pytest.approx(wanted)
    assert [(one.defined, one.total) for one in found] == [(3, 3)] * 4 + [(4, 4), (1, 1)]


def test_a_constant_marker_is_left_out_of_the_mean() -> None:
    observed = np.array([[1.0, 0], [2, 0], [4, 0]])
    found = interpretations(observed, observed, np.array([True, True, True]))[0]
    assert (found.value, found.defined, found.total) == (1, 1, 2)
