"""Gradient-greedy: looks again after each choice, and tries nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from xbench.explainers.explainer import Budget
from xbench.registry.find import explainer_class

from ..toys import (
    InteractingToy,
    LinearToy,
    make_problem,
    masked_by_hand,
    random_inputs,
)
from .gates import both_needed, gates

D = 10


def chosen(problem: object) -> list[int]:
    return explainer_class("gradient-greedy")().explain(problem).indices.tolist()


def by_hand(model: InteractingToy, x: np.ndarray, size: int) -> list[int]:
    """Plain autograd at the masked input, times what masking would change."""
    taken: list[int] = []
    while len(taken) < size:
        leaf = torch.tensor(masked_by_hand(x, taken, 0.0), requires_grad=True)
        model(leaf)[:, 0].mean().backward()
        assert leaf.grad is not None
        expected = (leaf.grad * -torch.tensor(x)).sum(dim=0)
        expected[taken] = torch.inf
        taken.append(int(expected.argmin()))
    return taken


@pytest.mark.parametrize("seed", range(5))
def test_each_step_takes_what_the_gradient_expects_most_of(seed: int) -> None:
    model, x = InteractingToy([6, 4], seed), random_inputs(8, D, seed, density=0.6)
    problem = make_problem(model, x, 4)
    selection = explainer_class("gradient-greedy")().explain(problem)
    assert selection.indices.tolist() == by_hand(model, x, 4)
    assert selection.ordered
    assert selection.nested
    assert (problem.counts.forward, problem.counts.gradient) == (4 * 8, 4 * 8)


def test_looking_again_finds_what_one_gradient_cannot() -> None:
    problem = gates(both_needed, 2)
    assert chosen(problem) == [0, 2]
    assert explainer_class("gradient-change")().explain(problem).indices.tolist() == [0, 1]


def test_it_is_right_where_features_add_up() -> None:
    weight = np.array([[1.0], [4.0], [-3.0], [2.0], [0.5]])
    problem = make_problem(LinearToy(weight, [2, 3], np.zeros(1)), np.ones((3, 5)), 3)
    assert chosen(problem) == [1, 3, 0]


def test_a_spent_budget_is_filled_up_by_the_last_gradient() -> None:
    posed = gates(both_needed, 4)
    problem = dataclasses.replace(posed, budget=Budget(evaluations=8))
    # Two steps of two cells, forward and gradient: 0, then 2 with 3 next; 1 no longer matters.
    assert chosen(problem) == [0, 2, 3, 1]
    assert problem.counts.gradient == 4
    assert problem.budget.stopped
    whole = dataclasses.replace(gates(both_needed, 2), budget=Budget(evaluations=8))
    assert chosen(whole) == [0, 2]
    assert not whole.budget.stopped
