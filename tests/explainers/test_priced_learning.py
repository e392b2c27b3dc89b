"""The price, the schedule, and the choice among iterates."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from xbench import Problem
from xbench.explainers.explainer import Budget
from xbench.explainers.learning import (
    BestOnValidation,
    FirstOrder,
    Multiplier,
    PricedLearning,
    learn,
    spread_of_losses,
)
from xbench.explainers.search import batch_rows

from ..toys import LinearToy, make_problem

POSITIVE = st.floats(1e-3, 1e3)
SETTINGS = PricedLearning(
    size=2.0, steps=300, batch_size=0, learning_rate=0.2, start_factor=3.0, check_every=20
)


@given(level=POSITIVE, size=POSITIVE, wanted=POSITIVE)
def test_the_price_rises_above_the_wanted_size_and_falls_below(
    level: float, size: float, wanted: float
) -> None:
    multiplier = Multiplier(level)
    multiplier.update(size, wanted)
    for now in (multiplier.level, multiplier.price):
        assert (now > level) == (size > wanted)
        assert (now < level) == (size < wanted)


def test_the_level_remembers_and_the_pull_does_not() -> None:
    multiplier = Multiplier(3.0, rate=1.0, pull=2.0)
    multiplier.update(20.0, 10.0)
    assert (multiplier.level, multiplier.price) == (6.0, 24.0)
    multiplier.update(10.0, 10.0)
    assert (multiplier.level, multiplier.price) == (6.0, 6.0)
    # However far off a size is, it counts for no more than a factor of 10.
    multiplier.update(0.0, 10.0)
    assert multiplier.level == pytest.approx(0.6)
    multiplier.update(1e9, 10.0)
    assert multiplier.level == pytest.approx(6.0)


def test_the_wanted_size_falls_evenly_to_the_middle() -> None:
    settings = dataclasses.replace(SETTINGS, steps=10, start_factor=16.0)
    wanted = [settings.wanted(step) for step in range(10)]
    assert wanted[0] == pytest.approx(32)
    np.testing.assert_allclose(np.divide(wanted[1:6], wanted[:5]), 16 ** (-1 / 5))
    assert wanted[5:] == [2.0] * 5


def problem_of(weight: list[float], size: int = 2) -> Problem:
    model = LinearToy(np.array(weight)[:, None], [len(weight)], np.zeros(1))
    cells = np.random.default_rng(0).uniform(0.5, 1.5, (6, len(weight))).astype(np.float32)
    return make_problem(model, cells, size)


class Amounts:
    """Masks each feature by an amount between 0 and 1; the size is the sum of the amounts."""

    def __init__(self, problem: Problem) -> None:
        self.population = problem.population
        self.logits = torch.zeros(problem.n_features, requires_grad=True)
        self.rows: list[np.ndarray] = []

    def parameters(self) -> list[Tensor]:
        return [self.logits]

    def trial(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        self.rows.append(rows)
        mask = torch.sigmoid(self.logits)
        return self.population.batch(rows).relaxed_losses(mask), mask.sum()

    def scores(self) -> np.ndarray:
        return self.logits.detach().numpy().copy()


def test_learning_ends_with_the_size_it_was_asked_for_and_the_best_features() -> None:
    problem = problem_of([1.0, 4.0, 0.5, 3.0, 2.0, -1.0])
    amounts = Amounts(problem)
    selection = learn(problem, SETTINGS, FirstOrder.of(problem), amounts)
    assert sorted(selection.indices.tolist()) == [1, 3]
    assert selection.trace[-1]["size"] == pytest.approx(2, rel=0.1)
    assert torch.sigmoid(amounts.logits[[1, 3]]).min() > 0.8


def test_it_starts_at_the_first_order_price_and_a_known_spread() -> None:
    problem = problem_of([1.0, 4.0, 0.5, 3.0, 2.0, -1.0])
    first = FirstOrder.of(problem)
    x = problem.inputs
    assert first.features.tolist() == [1, 3]
    assert first.gain == pytest.approx((4 * x[:, 1] + 3 * x[:, 3]).mean(), rel=1e-5)
    losses = x @ np.array([1.0, 4.0, 0.5, 3.0, 2.0, -1.0])
    assert spread_of_losses(problem) == pytest.approx(losses.std(), rel=1e-5)
    raising = FirstOrder.of(problem_of([-1.0, -2.0, -3.0]))
    assert raising.gain == 0
    same = make_problem(LinearToy(np.ones((2, 1)), [2], np.zeros(1)), np.ones((3, 2)), 1)
    assert spread_of_losses(same) == 1.0


def test_it_looks_at_validation_now_and_then_and_stops_when_told() -> None:
    problem = problem_of([1.0, 2.0, 3.0])
    settings = dataclasses.replace(SETTINGS, steps=45)
    steps = [entry["step"] for entry in _learn(problem, settings)]
    assert steps == [19, 39, 44]
    told = dataclasses.replace(problem, budget=Budget(evaluations=1))
    assert [entry["step"] for entry in _learn(told, settings)] == [0]


def _learn(problem: Problem, settings: PricedLearning) -> list[dict[str, float]]:
    return learn(problem, settings, FirstOrder.of(problem), Amounts(problem)).trace


def test_batches_are_drawn_from_the_seed() -> None:
    problem = problem_of([1.0, 2.0, 3.0])
    settings = dataclasses.replace(SETTINGS, steps=30, batch_size=4)
    drawn = []
    for _ in range(2):
        amounts = Amounts(problem)
        learn(problem, settings, FirstOrder.of(problem), amounts)
        assert all(len(set(rows.tolist())) == 4 for rows in amounts.rows)
        drawn.append(np.concatenate(amounts.rows))
    np.testing.assert_array_equal(*drawn)
    assert set(drawn[0].tolist()) == set(range(6))
    assert batch_rows(6, 0, np.random.default_rng(0)).tolist() == list(range(6))


def test_the_best_iterate_on_validation_is_kept_and_the_later_of_two_equals() -> None:
    problem = problem_of([1.0, 2.0, 3.0, 0.0, 0.0], size=1)
    best = BestOnValidation(problem.validation, 1)
    with pytest.raises(ValueError, match="no scores"):
        best.selection()
    for step, first in enumerate([0, 2, 1]):
        best.offer(step, np.eye(5)[first], extra=float(first))
    chosen = best.selection()
    assert (chosen.indices.tolist(), chosen.nested, chosen.ordered) == ([2], False, True)
    assert [entry["extra"] for entry in chosen.trace] == [0, 2, 1]
    wanted = [float(problem.validation.losses([[first]])[0]) for first in (0, 2, 1)]
    assert [entry["loss"] for entry in chosen.trace] == pytest.approx(wanted)
    ties = BestOnValidation(problem.validation, 1)
    for first in (3, 4):
        ties.offer(0, np.eye(5)[first])
    assert ties.selection().indices.tolist() == [4]
