"""Greedy forward choice: exact steps, what it finds, and where it fails."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from xbench import Selection
from xbench.explainers.explainer import Budget, Problem
from xbench.registry.find import explainer_class

from ..toys import InteractingToy, LinearToy, loss_by_hand, make_problem, random_inputs
from .gates import best_subset, both_needed, either_is_enough, gates

D = 10


def greedy(problem: Problem, **parameters: int) -> Selection:
    return explainer_class("greedy")(**parameters).explain(problem)


def interacting(seed: int, subset_size: int) -> tuple[InteractingToy, np.ndarray, Problem]:
    model, x = InteractingToy([6, 4], seed), random_inputs(8, D, seed, density=0.6)
    return model, x, make_problem(model, x, subset_size)


def by_hand(model: InteractingToy, x: np.ndarray, size: int, pool: range) -> list[int]:
    """Forward choice by plain passes of the module."""
    chosen: list[int] = []
    while len(chosen) < size:
        left = [feature for feature in pool if feature not in chosen]
        chosen.append(min(left, key=lambda feature: loss_by_hand(model, x, [*chosen, feature])))
    return chosen


@pytest.mark.parametrize("seed", range(5))
def test_each_step_takes_the_best_of_all(seed: int) -> None:
    model, x, problem = interacting(seed, 4)
    selection = greedy(problem)
    assert selection.indices.tolist() == by_hand(model, x, 4, range(D))
    steps = [loss_by_hand(model, x, selection.indices[: n + 1]) for n in range(4)]
    np.testing.assert_allclose([step["loss"] for step in selection.trace], steps, atol=1e-6)
    assert selection.ordered
    assert selection.nested


def test_smaller_subsets_are_inside_larger_ones() -> None:
    large = greedy(interacting(2, 5)[2])
    for size in range(1, 5):
        small = greedy(interacting(2, size)[2])
        assert large.first(size).indices.tolist() == small.indices.tolist()


def test_it_finds_what_leave_one_out_cannot() -> None:
    problem = gates(both_needed, 2)
    assert set(greedy(problem).indices.tolist()) == set(best_subset(problem)) == {0, 2}
    assert explainer_class("leave-one-out")().explain(problem).indices.tolist() == [0, 1]
    # The same on a random network: over seeds, never worse and mostly better.
    falls = []
    for seed in range(8):
        _, _, random = interacting(seed, 4)
        alone = explainer_class("leave-one-out")().explain(random).indices
        losses = random.population.losses([greedy(random).indices, alone])
        falls.append(losses[1] - losses[0])
    assert min(falls) >= -1e-6
    assert sum(fall > 1e-3 for fall in falls) >= 4


def test_it_fails_where_features_only_work_together() -> None:
    problem = gates(either_is_enough, 2)
    assert greedy(problem).indices.tolist() == [2, 3]
    assert best_subset(problem) == (0, 1)
    # 4.5 unmasked; 3 with greedy's two; 1.5 with the best two.
    np.testing.assert_allclose(problem.population.losses([[], [2, 3], [0, 1]]), [4.5, 3.0, 1.5])


def test_only_the_pool_is_tried() -> None:
    # Alone: 3, 3, 2 and 0.5. Within a pool of two there is nothing but the pair.
    problem = gates(both_needed, 2)
    before = problem.counts.forward
    assert set(greedy(problem, pool=2).indices.tolist()) == {0, 1}
    # Seven populations for the pool, two candidates, then one; two cells each.
    assert problem.counts.forward - before == 2 * (7 + 2 + 1)


def test_a_pool_too_small_for_the_subset_grows_and_then_is_not_nested() -> None:
    assert len(greedy(gates(both_needed, 3), pool=2).indices) == 3
    assert not greedy(gates(both_needed, 3), pool=2).nested
    assert greedy(gates(both_needed, 3), pool=3).nested


def test_a_spent_budget_leaves_the_best_so_far_and_the_best_alone() -> None:
    weight = np.array([[1.0], [4.0], [3.0], [2.0], [0.5]])
    posed = make_problem(LinearToy(weight, [5], np.zeros(1)), np.ones((2, 5)), 4)
    # 12 evaluations for the pool, 10 for the first step.
    problem = dataclasses.replace(posed, budget=Budget(evaluations=20))
    selection = greedy(problem)
    assert len(selection.trace) == 1
    assert selection.indices.tolist() == [1, 2, 3, 0]
    assert problem.budget.stopped


def test_what_ends_by_itself_was_not_stopped() -> None:
    posed = make_problem(LinearToy(np.ones((5, 1)), [5], np.zeros(1)), np.ones((2, 5)), 4)
    # 36 evaluations before the last step, 40 after it.
    problem = dataclasses.replace(posed, budget=Budget(evaluations=38))
    assert len(greedy(problem).trace) == 4
    assert not problem.budget.stopped


def test_parameters_are_checked() -> None:
    with pytest.raises(ValueError, match="pool: must be more than 0, not 0"):
        explainer_class("greedy")(pool=0)
