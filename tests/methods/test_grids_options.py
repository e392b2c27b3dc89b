"""GRIDS' starts, candidates, restarts and budgets; `test_grids` has its defaults."""

from __future__ import annotations

import dataclasses
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench import Problem
from xbench.benchmark.task import load_task
from xbench.explainers.explainer import Budget
from xbench.registry.find import explainer_class

from ..benchmark.workbench import write_task
from ..toys import InteractingToy, LinearToy, loss_by_hand, make_problem, random_inputs

SIZES = [4, 3]
D = sum(SIZES)


GRIDS = explainer_class("grids")


def grids(**parameters: Any) -> Any:
    return GRIDS(**parameters)


def interacting(seed: int, size: int, **options: Any) -> tuple[InteractingToy, np.ndarray, Problem]:
    x = random_inputs(9, D, seed=seed, density=0.6)
    model = InteractingToy(SIZES, seed)
    return model, x, make_problem(model, x, size, seed=seed, **options)


# Starts


def test_it_can_start_from_the_one_shot_gradient() -> None:
    _, _, problem = interacting(1, 3)
    first = explainer_class("gradient-change")().explain(problem).indices
    _, _, problem = interacting(1, 3)
    after = grids(start="gradient-change", batch_size=0, steps=1).explain(problem).indices
    assert after[1:].tolist() == first[1:].tolist()
    # One gradient a cell for the start, one for the step.
    assert problem.counts.gradient == 2 * problem.population.n_cells


# Random candidates


@pytest.mark.parametrize("batch", [0, 4])
def test_random_candidates_ask_no_gradient_and_no_fewer_forward_passes(batch: int) -> None:
    forward = {}
    for choice in ("random", "gradient"):
        _, x, problem = interacting(2, 2)
        method = grids(candidate_choice=choice, batch_size=batch, candidates=2, steps=12)
        taken = len(method.explain(problem).trace)
        cells = batch or len(x)
        forward[choice] = problem.counts.forward / (taken * cells)
        assert problem.counts.gradient == (0 if choice == "random" else taken * cells)
    # k + 1 drawn ones and the present one; guided: the gradient's own pass, k, and the present
    # one where it is not among them.
    assert forward["random"] == 4
    assert 3 <= forward["gradient"] <= 4


def test_random_candidates_take_all_steps_and_find_the_optimum_of_a_linear_model() -> None:
    generator = np.random.default_rng(0)
    x = random_inputs(7, 12, seed=0, binary=False)
    model = LinearToy(generator.normal(size=(12, 1)), [7, 5], np.zeros(1))
    problem = make_problem(model, x, 3)
    method = grids(candidate_choice="random", batch_size=0, candidates=2, steps=120)
    selection = method.explain(problem)
    assert len(selection.trace) == 120
    best = min(combinations(range(12), 3), key=lambda subset: loss_by_hand(model, x, subset))
    assert sorted(selection.indices.tolist()) == sorted(best)


def test_random_candidates_are_all_features_that_are_free() -> None:
    _, _, problem = interacting(0, 3)
    asked: list[list[int]] = []

    class Spy:
        n_features = D

        def swap_losses(self, subset: Any, position: int, candidates: Any) -> Any:
            asked.append(candidates.tolist())
            return problem.population.swap_losses(subset, position, candidates)

    generator = np.random.default_rng(0)
    method = grids(candidate_choice="random", candidates=1)
    for _ in range(60):
        method.step(Spy(), np.array([2, 5, 0]), 1, generator)
    assert {len(set(tried)) for tried in asked} == {3}
    assert set(np.concatenate(asked).tolist()) == {1, 3, 4, 5, 6}
    with pytest.raises(ValueError, match="generator"):
        method.step(Spy(), np.array([2, 5, 0]), 1)


# Invariants


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    size=st.integers(1, D),
    options=st.sampled_from(
        [
            {"update": "beam", "width": 3},
            {"update": "beam", "choose": "best-on-validation", "start": "gradient-change"},
            {"candidate_choice": "random"},
            {"candidate_choice": "random", "keep_present": False},
            {"restarts": 2, "choose": "best-on-validation"},
        ]
    ),
    candidates=st.integers(1, 2 * D),
    batch=st.integers(0, 12),
)
def test_the_subset_holds_distinct_features_whatever_is_chosen(
    size: int, options: dict[str, Any], candidates: int, batch: int
) -> None:
    _, _, problem = interacting(size % 3, size)
    method = grids(steps=9, candidates=candidates, batch_size=batch, **options)
    found = method.explain(problem).indices
    assert len(set(found.tolist())) == len(found) == size
    assert 0 <= found.min() <= found.max() < D


# Restarts


def test_restarts_keep_the_best_on_validation() -> None:
    model = InteractingToy(SIZES, 3)
    x, validation = random_inputs(9, D, seed=3), random_inputs(6, D, seed=8, density=0.5)
    gains = 0
    for seed in range(6):
        reached = []
        for restarts in (0, 1, 4):
            problem = make_problem(model, x, 2, seed=seed, validation=validation)
            method = grids(batch_size=2, candidates=1, steps=4, restarts=restarts)
            selection = method.explain(problem)
            reached.append(loss_by_hand(model, validation, selection.indices))
            starts = [entry.get("start") for entry in selection.trace]
            wanted = [None] * 4 if not restarts else np.repeat(range(1 + restarts), 4).tolist()
            assert starts == wanted
        assert reached[1] <= reached[0] + 1e-6
        assert reached[2] <= reached[1] + 1e-6
        gains += reached[2] < reached[0] - 1e-3
    # They do start elsewhere.
    assert gains > 0


# Budgets


@pytest.mark.parametrize("options", [{}, {"update": "beam"}, {"candidate_choice": "random"}])
def test_it_stops_when_its_budget_is_spent(options: dict[str, Any]) -> None:
    def posed(budget: Budget) -> Problem:
        return dataclasses.replace(interacting(1, 3)[2], budget=budget)

    def run(problem: Problem) -> Any:
        return grids(batch_size=4, candidates=2, steps=40, **options).explain(problem)

    free = posed(Budget())
    whole = run(free).trace
    used = free.counts.forward + free.counts.gradient
    limited = posed(Budget(evaluations=used // 2))
    trace = run(limited).trace
    assert limited.budget.stopped
    # A trial of a position is at most 4 passes and a gradient of 4 cells.
    assert used // 2 <= limited.counts.forward + limited.counts.gradient <= used // 2 + 4 * 5
    if options.get("update") != "beam":  # whose last update is cut short
        assert trace == whole[: len(trace)]
    assert not free.budget.stopped


def test_no_further_start_once_the_budget_is_spent() -> None:
    problem = dataclasses.replace(interacting(1, 3)[2], budget=Budget(evaluations=1))
    selection = grids(restarts=3, batch_size=4).explain(problem)
    assert [entry["start"] for entry in selection.trace] == [0]
    # Told to stop in the middle of its first sweep, it still has a subset to choose.
    problem = dataclasses.replace(interacting(1, 3)[2], budget=Budget(evaluations=1))
    assert len(grids(choose="best-on-validation").explain(problem).indices) == 3


def test_where_it_ends_within_a_sweep_that_subset_may_be_chosen_too() -> None:
    model = InteractingToy(SIZES, 3)
    x, validation = random_inputs(9, D, seed=3), random_inputs(6, D, seed=8, density=0.5)

    def run(seed: int, choose: str, steps: int) -> float:
        problem = make_problem(model, x, 3, seed=seed, validation=validation)
        method = grids(steps=steps, batch_size=2, candidates=2, choose=choose)
        return loss_by_hand(model, validation, method.explain(problem).indices)

    last_is_better = 0
    for seed in range(6):
        sweep, last = run(seed, "last", 3), run(seed, "last", 4)
        assert run(seed, "best-on-validation", 4) == pytest.approx(min(sweep, last), abs=1e-6)
        last_is_better += last < sweep - 1e-3
    assert last_is_better > 0


# Parameters


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"start": "warm"}, "start: must be 'random' or 'gradient-change', not 'warm'"),
        ({"update": "all"}, "update: must be 'coordinate' or 'beam', not 'all'"),
        ({"candidate_choice": "none"}, "candidate_choice: must be 'gradient' or 'random'"),
        ({"width": 0}, "width: must be more than 0, not 0"),
        ({"restarts": -1}, "restarts: must be at least 0, not -1"),
        ({"restarts": 1, "start": "gradient-change"}, "restarts 1 must be 0"),
        ({"update": "beam", "candidate_choice": "random"}, "must go with update 'coordinate'"),
    ],
)
def test_wrong_parameters_are_named(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        grids(**parameters)


def test_a_task_may_have_a_row_for_each_variant(tmp_path: Any) -> None:
    variants = {
        "grids-random-candidates": {"candidate_choice": "random"},
        "grids-from-gradient": {"start": "gradient-change"},
        "grids-beam": {"update": "beam"},
        "grids-restarts": {"restarts": 4, "steps": 100},
    }
    rows = [
        {"name": "grids", "label": label, "parameters": parameters}
        for label, parameters in variants.items()
    ]
    task = load_task(write_task(tmp_path, methods=["grids", *rows]))
    assert task.method_labels == ["grids", *variants]
    for spec in task.methods:
        made = explainer_class(spec.name)(**spec.parameters).parameters()
        assert {name: made[name] for name in spec.parameters} == spec.parameters
