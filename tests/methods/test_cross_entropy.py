"""The cross-entropy method: draws of the right size and odds, and subsets that greedy misses."""

from __future__ import annotations

import dataclasses
import importlib

import numpy as np
import pytest

from xbench.explainers.explainer import Budget
from xbench.registry.find import explainer_class

from ..slow_rest import rest_slow
from ..toys import InteractingToy, make_problem, random_inputs
from .gates import best_subset, either_is_enough, gates

draw = importlib.import_module("xbench.methods.cross_entropy").draw


def test_draws_are_subsets_of_the_right_size() -> None:
    drawn = draw(np.full(9, 4 / 9), 4, 50, np.random.default_rng(0))
    assert drawn.shape == (50, 4)
    assert all(len(set(row.tolist())) == 4 for row in drawn)


def test_draws_follow_the_odds() -> None:
    generator = np.random.default_rng(0)
    # One of three: chances in proportion to the odds 1, 1/3 and 1/9.
    chance = np.array([0.5, 0.25, 0.1])
    share = np.bincount(draw(chance, 1, 20_000, generator).ravel(), minlength=3) / 20_000
    odds = chance / (1 - chance)
    np.testing.assert_allclose(share, odds / odds.sum(), atol=5 * np.sqrt(0.25 / 20_000))
    # Two of three, one after another without replacement.
    first = odds / odds.sum()
    both = [first[a] * first[b] / (1 - first[a]) for a, b in ((0, 1), (1, 0))]
    drawn = np.sort(draw(chance, 2, 20_000, generator), axis=1)
    share = np.mean((drawn == [0, 1]).all(axis=1))
    assert share == pytest.approx(sum(both), abs=5 * np.sqrt(0.25 / 20_000))


def test_what_is_certain_is_drawn() -> None:
    drawn = draw(np.array([1.0, 0, 1, 0, 0, 0]), 2, 20, np.random.default_rng(0))
    assert (np.sort(drawn, axis=1) == [0, 2]).all()


@pytest.mark.parametrize("seed", rest_slow(range(4), 2))
def test_it_finds_features_that_only_work_together(seed: int) -> None:
    problem = gates(either_is_enough, 2, n_features=9, seed=seed)
    found = explainer_class("cross-entropy")(samples=60).explain(problem).indices
    assert set(found.tolist()) == set(best_subset(problem)) == {0, 1}
    assert explainer_class("greedy")().explain(problem).indices.tolist() == [2, 3]


@pytest.mark.parametrize("seed", rest_slow(range(4), 2))
def test_it_finds_the_best_subset_of_a_random_network(seed: int) -> None:
    x = random_inputs(8, 12, seed, density=0.6)
    problem = make_problem(InteractingToy([7, 5], seed), x, 4, seed=seed)
    selection = explainer_class("cross-entropy")(samples=100).explain(problem)
    losses = problem.population.losses([selection.indices, best_subset(problem)])
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


def test_the_best_ever_seen_is_returned_and_the_rounds_get_better() -> None:
    x = random_inputs(8, 30, density=0.6)
    problem = make_problem(InteractingToy([18, 12], 1), x, 5)
    selection = explainer_class("cross-entropy")(samples=60, rounds=40).explain(problem)
    lowest = [step["loss"] for step in selection.trace]
    assert lowest == sorted(lowest, reverse=True)
    assert problem.population.losses([selection.indices])[0] == pytest.approx(lowest[-1], abs=1e-6)
    means = [step["mean"] for step in selection.trace]
    # Learning, not luck: the last rounds' average subset beats the first round's best.
    assert means[-1] < lowest[0]
    # It ended because nothing was left to decide.
    assert len(selection.trace) < 40


def test_only_the_pool_is_drawn_from() -> None:
    problem = make_problem(InteractingToy([7, 5], 4), random_inputs(8, 12, 4, density=0.6), 2)
    pool = set(np.argsort(problem.population.descent())[:4].tolist())
    found = explainer_class("cross-entropy")(pool=4, samples=30).explain(problem).indices
    assert set(found.tolist()) <= pool
    # Not because there was nothing better to draw.
    assert not set(best_subset(problem)) <= pool


def test_the_pool_may_be_all_there_is() -> None:
    problem = gates(either_is_enough, 6)
    found = explainer_class("cross-entropy")().explain(problem)
    assert sorted(found.indices.tolist()) == list(range(6))


def test_a_spent_budget_ends_the_rounds() -> None:
    posed = gates(either_is_enough, 2, n_features=9)
    problem = dataclasses.replace(posed, budget=Budget(evaluations=30))
    selection = explainer_class("cross-entropy")(samples=20).explain(problem)
    assert len(selection.trace) == 1
    assert len(selection.indices) == 2
    assert problem.budget.stopped


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"pool": 0}, "pool: must be more than 0, not 0"),
        ({"rounds": 0}, "rounds: must be more than 0, not 0"),
        ({"samples": 0}, "samples: must be more than 0, not 0"),
        ({"elite": 0.0}, "elite: must be more than 0, not 0.0"),
        ({"smoothing": 1.5}, "smoothing: must be at most 1, not 1.5"),
    ],
)
def test_parameters_are_checked(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        explainer_class("cross-entropy")(**parameters)
