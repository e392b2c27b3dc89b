"""Leave-one-out: exact where features add up, blind where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from xbench.registry.find import explainer_class

from ..toys import InteractingToy, LinearToy, loss_by_hand, make_problem, random_inputs
from .gates import best_subset, both_needed, either_is_enough, gates


@pytest.mark.parametrize("p", [0.0, 0.7, "means"])
def test_scores_of_a_linear_model_are_its_weights(p: float | str) -> None:
    generator = np.random.default_rng(0)
    x = random_inputs(6, 9, binary=False)
    weight = generator.normal(size=(9, 2))
    perturbation = x.mean(axis=0) if p == "means" else p
    model = LinearToy(weight, [5, 4], np.zeros(2))
    selection = explainer_class("leave-one-out")().explain(
        make_problem(model, x, 3, perturbation=perturbation)
    )
    wanted = -((perturbation - x) * weight[:, 0]).mean(axis=0)
    np.testing.assert_allclose(selection.scores, wanted, atol=1e-5)
    if p != "means":  # at the means nothing changes on average
        assert selection.indices.tolist() == np.argsort(-wanted)[:3].tolist()
    assert selection.ordered
    assert selection.nested


def test_scores_are_the_exact_falls_of_the_mean_loss() -> None:
    model, x = InteractingToy([5, 4], 1), random_inputs(7, 9, binary=False)
    problem = make_problem(model, x, 4)
    selection = explainer_class("leave-one-out")().explain(problem)
    falls = [loss_by_hand(model, x, []) - loss_by_hand(model, x, [j]) for j in range(9)]
    np.testing.assert_allclose(selection.scores, falls, atol=1e-6)
    assert selection.indices.tolist() == np.argsort(falls)[::-1][:4].tolist()
    # Every feature on every cell, and the cells once unmasked.
    assert (problem.counts.forward, problem.counts.gradient) == (7 * (9 + 1), 0)


def test_it_counts_twice_what_either_of_two_features_does() -> None:
    problem = gates(both_needed, 2)
    assert explainer_class("leave-one-out")().explain(problem).indices.tolist() == [0, 1]
    assert best_subset(problem) == (0, 2)


def test_it_does_not_see_features_that_stand_in_for_each_other() -> None:
    problem = gates(either_is_enough, 2)
    assert explainer_class("leave-one-out")().explain(problem).indices.tolist() == [2, 3]
    assert best_subset(problem) == (0, 1)
