"""The floor: uniform, deterministic, nested."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.stats import chisquare

from xbench import Selection
from xbench.registry.find import explainer_class

from ..toys import LinearToy, make_problem

D = 10
MODEL = LinearToy(np.ones((D, 1)), [D], np.zeros(1))
RANDOM = explainer_class("random")
PROBLEM = make_problem(MODEL, np.eye(D, dtype=np.float32), 3)


def draw(seed: int, size: int = 3) -> Selection:
    problem = dataclasses.replace(PROBLEM, seed=seed, subset_size=size)
    selection = RANDOM().explain(problem)
    assert (problem.counts.forward, problem.counts.gradient) == (0, 0)
    return selection


def test_each_feature_is_drawn_equally_often_in_each_place() -> None:
    drawn = np.stack([draw(seed).indices for seed in range(400)])
    for place in range(3):
        assert chisquare(np.bincount(drawn[:, place], minlength=D)).pvalue > 1e-4


def test_the_seed_is_all_that_counts() -> None:
    np.random.default_rng(0).random()
    assert draw(7).indices.tolist() == draw(7).indices.tolist()
    assert len({tuple(draw(seed).indices.tolist()) for seed in range(20)}) > 15


def test_smaller_subsets_are_the_beginnings_of_larger_ones() -> None:
    assert draw(7, 10).first(4).indices.tolist() == draw(7, 4).indices.tolist()
    assert sorted(draw(7, 10).indices.tolist()) == list(range(D))
