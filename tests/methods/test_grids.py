"""GRIDS against exhaustive search on models small enough for it."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench import Problem, Selection
from xbench.registry.find import explainer_class

from ..toys import InteractingToy, LinearToy, loss_by_hand, make_problem, random_inputs

SIZES = [5, 4]
D = sum(SIZES)

GRIDS = explainer_class("grids")


def grids(**parameters: Any) -> Any:
    return GRIDS(**parameters)


def whole(**parameters: Any) -> Any:
    """The whole population, and every feature a candidate."""
    return grids(batch_size=0, candidates=D, **parameters)


def losses(selection: Selection) -> list[float]:
    return [entry["loss"] for entry in selection.trace]


def interacting(seed: int, size: int, **options: Any) -> tuple[InteractingToy, np.ndarray, Problem]:
    x = random_inputs(9, D, seed=seed, density=0.6)
    model = InteractingToy(SIZES, seed)
    return model, x, make_problem(model, x, size, seed=seed, **options)


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("seed", range(8))
def test_no_single_swap_improves_the_result(seed: int, size: int) -> None:
    model, x, problem = interacting(seed, size, perturbation=0.2)
    found = whole().explain(problem).indices
    reached = loss_by_hand(model, x, found, 0.2)
    for position in range(size):
        for other in set(range(D)) - set(found.tolist()):
            swapped = found.copy()
            swapped[position] = other
            assert reached <= loss_by_hand(model, x, swapped, 0.2) + 1e-6


def test_restarts_reach_the_best_of_all_subsets() -> None:
    model, x, _ = interacting(3, 3)
    best = min(loss_by_hand(model, x, subset) for subset in combinations(range(D), 3))
    reached = [
        loss_by_hand(model, x, whole().explain(make_problem(model, x, 3, seed=seed)).indices)
        for seed in range(10)
    ]
    assert min(reached) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_on_a_linear_model_the_best_subset_is_found(seed: int, size: int) -> None:
    generator = np.random.default_rng(seed)
    x = random_inputs(7, 12, seed=seed, binary=False)
    model = LinearToy(generator.normal(size=(12, 1)), [7, 5], np.zeros(1))
    # Four candidates are enough: for a linear model the first-order change is the exact one.
    method = grids(batch_size=0, candidates=size + 3)
    found = method.explain(make_problem(model, x, size, seed=seed)).indices
    best = min(combinations(range(12), size), key=lambda subset: loss_by_hand(model, x, subset))
    assert sorted(found.tolist()) == sorted(best)


@pytest.mark.parametrize("candidates", [2, D])
@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5])
def test_the_learning_curve_never_rises(seed: int, candidates: int) -> None:
    model, x, problem = interacting(seed, 3)
    selection = grids(batch_size=0, candidates=candidates).explain(problem)
    curve = losses(selection)
    rises = np.diff(curve)
    # The same subset, tried in another position, may differ in the last bit.
    assert rises.max() <= 1e-6
    assert rises.min() < -1e-3
    assert [entry["step"] for entry in selection.trace] == list(range(len(curve)))
    assert curve[-1] == pytest.approx(loss_by_hand(model, x, selection.indices), abs=1e-5)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    size=st.integers(1, D),
    candidates=st.integers(1, 2 * D),
    batch=st.integers(0, 20),
    keep=st.booleans(),
    seed=st.integers(0, 99),
)
def test_the_subset_always_holds_distinct_features(
    size: int, candidates: int, batch: int, keep: bool, seed: int
) -> None:
    _, _, problem = interacting(seed % 3, size)
    method = grids(steps=15, candidates=candidates, batch_size=batch, keep_present=keep)
    found = method.explain(problem).indices
    assert found.shape == (size,)
    assert len(set(found.tolist())) == size
    assert found.min() >= 0
    assert found.max() < D


@pytest.mark.parametrize("keep", [True, False])
def test_where_every_feature_is_taken_nothing_can_change(keep: bool) -> None:
    model, x, problem = interacting(1, D)
    selection = whole(keep_present=keep).explain(problem)
    assert sorted(selection.indices.tolist()) == list(range(D))
    assert losses(selection) == pytest.approx([loss_by_hand(model, x, range(D))] * D, abs=1e-5)


def test_the_same_seed_gives_the_same_and_another_may_not() -> None:
    def run(seed: int) -> Selection:
        model, x, _ = interacting(0, 3)
        problem = make_problem(model, x, 3, seed=seed)
        return grids(steps=1, batch_size=4, candidates=2).explain(problem)

    first, again = run(5), run(5)
    assert first.indices.tolist() == again.indices.tolist()
    assert first.trace == again.trace
    assert len({tuple(sorted(run(seed).indices.tolist())) for seed in range(8)}) > 1


@pytest.mark.parametrize("keep", [True, False])
def test_it_stops_after_a_sweep_without_change(keep: bool) -> None:
    _, _, problem = interacting(2, 3)
    trace = whole(steps=500, keep_present=keep).explain(problem).trace
    assert len(trace) < 60
    changed = [entry["changed"] for entry in trace]
    assert changed[-3:] == [0, 0, 0]
    # Not one step too late: before the end no three in a row are unchanged.
    assert all(any(changed[start : start + 3]) for start in range(len(changed) - 3))


def test_no_more_steps_than_asked_for() -> None:
    _, _, problem = interacting(2, 3)
    assert len(whole(steps=2).explain(problem).trace) == 2


def test_present_is_kept_even_where_it_is_no_candidate() -> None:
    # F = (s - 1)^2 with s = 3 x0 + x1 / 4 + x2 / 8 + 1 / 8: 3.5 unmasked. Masking feature 0
    # overshoots the minimum to .5, so its first-order change says that it should be put back.
    class Bowl(LinearToy):
        def tail(self, sums: Any, outputs: Any = None) -> Any:
            return (super().tail(sums, outputs) - 1) ** 2

    model = Bowl(np.array([[3.0], [0.25], [0.125]]), [3], np.array([0.125]))
    problem = make_problem(model, np.ones((1, 3), np.float32), 1)
    present = np.array([0])
    np.testing.assert_allclose(problem.population.descent(present), [3.0, 0.25, 0.125], rtol=1e-6)
    kept = grids(candidates=2).step(problem.population, present, 0)
    assert (kept.subset.tolist(), kept.changed) == ([0], False)
    assert kept.loss == pytest.approx(0.25)
    # Among features 1 and 2 alone, masking 1 is the better: s = 3.25.
    replaced = grids(candidates=2, keep_present=False).step(problem.population, present, 0)
    assert (replaced.subset.tolist(), replaced.changed) == ([1], True)
    assert replaced.loss == pytest.approx(2.25**2)
    assert present.tolist() == [0]


@pytest.mark.parametrize("seed", range(6))
def test_keeping_the_present_index_never_makes_a_step_worse(seed: int) -> None:
    _, _, problem = interacting(seed, 3)
    method = grids(candidates=1)
    subset = np.random.default_rng(seed).choice(D, 3, replace=False)
    for number in range(9):
        before = problem.population.losses([subset])[0]
        step = method.step(problem.population, subset, number % 3)
        subset = step.subset
        after = problem.population.losses([subset])[0]
        assert after <= before + 1e-6
        assert step.loss == pytest.approx(after, abs=1e-5)


def test_candidates_are_the_k_smallest_descents_outside_the_subset() -> None:
    _, _, problem = interacting(4, 3)

    class Spy:
        """The population, writing down what it is asked."""

        def __init__(self) -> None:
            self.tried: list[int] = []

        def __getattr__(self, name: str) -> Any:
            return getattr(problem.population, name)

        def swap_losses(self, subset: Any, position: int, candidates: Any) -> Any:
            self.tried = list(map(int, candidates))
            return problem.population.swap_losses(subset, position, candidates)

    subset, spy = np.array([2, 5, 7]), Spy()
    grids(candidates=3, keep_present=False).step(spy, subset, 1)
    descent = problem.population.descent(subset)
    allowed = [j for j in range(D) if j not in (2, 7)]
    assert spy.tried == sorted(allowed, key=lambda j: (descent[j], j))[:3]
    grids(candidates=3).step(spy, subset, 1)
    assert 5 in spy.tried
    assert len(set(spy.tried)) == len(spy.tried)


def test_best_on_validation_is_the_best_sweep_on_validation() -> None:
    generator = np.random.default_rng(0)
    model = InteractingToy(SIZES, 10)
    x = (generator.random((30, D)) < 0.5).astype(np.float32)
    validation = (generator.random((6, D)) < 0.5).astype(np.float32)

    def run(choose: str, steps: int) -> np.ndarray:
        problem = make_problem(model, x, 2, seed=1, validation=validation)
        method = grids(steps=steps, batch_size=1, candidates=3, choose=choose)
        return method.explain(problem).indices

    # The subset at the end of each sweep is what fewer steps of the same run end with.
    ends = [run("last", steps) for steps in range(2, 22, 2)]
    on_validation = [loss_by_hand(model, validation, subset) for subset in ends]
    chosen = run("best-on-validation", 20)
    assert loss_by_hand(model, validation, chosen) == pytest.approx(min(on_validation), abs=1e-6)
    # The choice matters here: the last iterate is not the best.
    assert on_validation[-1] > min(on_validation) + 1e-3


def test_a_batch_is_drawn_from_the_population_without_repeats() -> None:
    _, _, problem = interacting(0, 2)
    drawn: list[np.ndarray] = []

    class Spy:
        n_cells = problem.population.n_cells

        def batch(self, rows: np.ndarray) -> Any:
            drawn.append(np.asarray(rows))
            return problem.population.batch(rows)

    method, generator = grids(batch_size=4), problem.generator()
    for _ in range(50):
        method._batch(Spy(), generator)
    assert all(len(set(rows.tolist())) == 4 for rows in drawn)
    assert set(np.concatenate(drawn).tolist()) == set(range(Spy.n_cells))


def test_a_step_is_charged_for_one_gradient_and_k_trials() -> None:
    _, x, problem = interacting(0, 2)
    grids(candidates=4, keep_present=False).step(problem.population, np.array([0, 1]), 0)
    n = len(x)
    assert (problem.counts.forward, problem.counts.gradient) == (n + 4 * n, n)
