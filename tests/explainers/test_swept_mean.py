"""Means over a population visited in sweeps: against what sampling it many times really varies."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from xbench.explainers.running_mean import SweptMean, relative_error, sweeps

from ..slow_rest import rest_slow

N = 12
# Means of the cells, and how much an answer scatters; the last value is known without noise.
MEANS = np.random.default_rng(0).normal(size=(N, 3)) * [1, 4, 2]
NOISE = np.array([1.0, 0.3, 0.0])


def visited(visits: int, seed: int) -> SweptMean:
    generator = np.random.default_rng(seed)
    swept = SweptMean(N, 3)
    left = islice(sweeps(N, generator), visits)
    while some := list(islice(left, 5)):
        answers = MEANS[some] + NOISE * generator.normal(size=(2, len(some), 3))
        swept.add(len(some), np.tile(np.arange(3), len(some)), answers.reshape(2, -1))
    return swept


def test_a_sweep_takes_every_cell_once_in_any_order() -> None:
    drawn = list(islice(sweeps(4, np.random.default_rng(0)), 400))
    rounds = np.array(drawn).reshape(100, 4)
    assert (np.sort(rounds, axis=1) == np.arange(4)).all()
    assert len({tuple(one) for one in rounds.tolist()}) == 24


@pytest.mark.parametrize("visits", rest_slow([2, 7, 12, 17, 24, 36, 41], (2, 7, 17)))
def test_the_mean_is_unbiased_and_its_standard_error_is_right(visits: int) -> None:
    runs = [visited(visits, seed) for seed in range(1500)]
    values = np.array([run.values() for run in runs])
    errors = np.array([run.standard_errors() for run in runs])
    real = values.std(axis=0)
    bias = values.mean(axis=0) - MEANS.mean(axis=0)
    assert (np.abs(bias) < 4 * real / np.sqrt(len(runs)) + 1e-12).all()
    # Noise within a visit is counted twice while a sweep is not whole: never too low.
    ratio = np.sqrt((errors**2).mean(axis=0)) / np.where(real > 1e-9, real, 1)
    low, high = (0.93, 1.07) if visits % N == 0 else (0.93, 1.4)
    noisy = real > 1e-9
    assert (low < ratio[noisy]).all()
    assert (ratio[noisy] < high).all()
    assert (errors[:, ~noisy] < 1e-7).all()
    assert noisy.tolist() == [True, True, visits % N != 0]


def test_whole_sweeps_are_counted() -> None:
    assert [visited(visits, 0).whole_sweeps for visits in (3, 11, 12, 23, 24)] == [0, 0, 1, 1, 2]


def test_values_that_are_not_told_are_zero_without_error() -> None:
    swept = SweptMean(n_cells=4, n_values=3)
    swept.add(2, np.array([0, 2, 2]), np.array([[1.0, 2.0, 4.0], [3.0, 2.0, 4.0]]))
    assert swept.values().tolist() == [1.0, 0.0, 3.0]
    # Value 0 differs between visits (2 and 0) and within one (1 and 3), value 1 not at all.
    between, drawn = 2.0, 2 * (1 - 2 / 4)
    expected = np.sqrt((3 - 1) ** 2 / 4 + drawn * between) / 2
    assert swept.standard_errors() == pytest.approx([expected, 0, np.sqrt(drawn * 2.0) / 2])


def test_relative_error_of_values_that_are_all_the_same() -> None:
    assert relative_error(np.ones(3), np.zeros(3)) == 0
    assert relative_error(np.ones(3), np.full(3, 0.1)) > 1e6
    assert relative_error(np.array([-1.0, 1.0]), np.array([0.1, 0.05])) == pytest.approx(0.05)
