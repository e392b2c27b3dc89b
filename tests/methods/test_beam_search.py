"""Beam search, alone and as an update of GRIDS."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from xbench import Problem
from xbench.explainers.search import beam_search
from xbench.registry.find import explainer_class

from ..toys import InteractingToy, LinearToy, loss_by_hand, make_problem, random_inputs

SIZES = [4, 3]
D = sum(SIZES)


GRIDS = explainer_class("grids")


def grids(**parameters: Any) -> Any:
    return GRIDS(**parameters)


def interacting(seed: int, size: int) -> tuple[InteractingToy, np.ndarray, Problem]:
    x = random_inputs(9, D, seed=seed, density=0.6)
    model = InteractingToy(SIZES, seed)
    return model, x, make_problem(model, x, size, seed=seed)


class TwoPairs(LinearToy):
    """Masking 0 and 1 together lowers F by 1, masking 2 and 3 together by 2; nothing else does."""

    def __init__(self) -> None:
        super().__init__(np.eye(4), [4], np.zeros(4))

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        closed = 1 - super().tail(sums)
        both = closed[:, 0] * closed[:, 1] + 2 * closed[:, 2] * closed[:, 3]
        return 2 - both[:, None]


def two_pairs() -> Problem:
    """Posed with a seed that makes GRIDS start from the worse pair."""
    x = np.ones((1, 4), np.float32)
    for seed in range(100):
        problem = make_problem(TwoPairs(), x, 2, seed=seed)
        if set(problem.generator().choice(4, 2, replace=False).tolist()) == {0, 1}:
            return problem
    raise AssertionError("no seed starts there")


def test_beam_search_leaves_a_local_optimum_that_coordinate_descent_stays_in() -> None:
    stuck = grids(batch_size=0, candidates=4).explain(two_pairs()).indices
    assert set(stuck.tolist()) == {0, 1}
    narrow = grids(batch_size=0, candidates=4, update="beam", width=1).explain(two_pairs())
    assert set(narrow.indices.tolist()) == {0, 1}
    wide = grids(batch_size=0, candidates=4, update="beam", width=2).explain(two_pairs())
    assert set(wide.indices.tolist()) == {2, 3}
    assert wide.trace[-1]["loss"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_without_limit_finds_the_best_of_all_subsets(seed: int) -> None:
    model, x, problem = interacting(seed, 3)
    found = beam_search(
        problem.population,
        np.array([0, 1, 2]),
        np.arange(D),
        candidates=D,
        width=1000,
        trials=10**6,
    )
    best = min(loss_by_hand(model, x, subset) for subset in combinations(range(D), 3))
    assert found.loss == pytest.approx(best, abs=1e-5)
    assert loss_by_hand(model, x, found.subset) == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_of_one_is_a_sweep_of_coordinate_descent(seed: int) -> None:
    _, _, problem = interacting(seed, 3)
    start = np.random.default_rng(seed).choice(D, 3, replace=False)
    found = beam_search(problem.population, start, np.arange(D), candidates=D, width=1, trials=99)
    subset, every = start, grids(candidates=D)
    for position in range(3):
        subset = every.step(problem.population, subset, position).subset
    assert found.subset.tolist() == subset.tolist()
    assert found.trials == 3


def test_a_beam_keeps_different_subsets_and_tries_only_what_they_lack() -> None:
    _, _, problem = interacting(0, 3)
    beams: list[list[int]] = []

    class Spy:
        def swap_losses(self, subset: Any, position: int, candidates: Any) -> Any:
            assert candidates[0] == subset[position]
            assert not set(candidates[1:].tolist()) & set(subset.tolist())
            beams.append([position, *sorted(subset.tolist())])
            return problem.population.swap_losses(subset, position, candidates)

    beam_search(Spy(), np.array([0, 1, 2]), np.arange(D), candidates=3, width=5, trials=99)
    assert len({tuple(beam) for beam in beams}) == len(beams) == 1 + 4 + 5


@pytest.mark.parametrize("trials", [1, 2, 5])
def test_a_beam_ends_when_it_is_told_to(trials: int) -> None:
    model, x, problem = interacting(3, 3)
    start = np.array([0, 1, 2])

    def search(allowed: int, stop_after: float = math.inf) -> Any:
        asked = iter(range(1, 99))
        return beam_search(
            problem.population,
            start,
            np.arange(D),
            candidates=4,
            width=2,
            trials=allowed,
            stop=lambda: next(asked) >= stop_after,
        )

    for found in (search(trials), search(99, trials)):
        assert found.trials == trials
        assert found.loss <= loss_by_hand(model, x, start) + 1e-6
        assert found.loss == pytest.approx(loss_by_hand(model, x, found.subset), abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_the_learning_curve_of_beam_search_never_rises_and_ends(seed: int) -> None:
    model, x, problem = interacting(seed, 3)
    selection = grids(update="beam", batch_size=0, candidates=2, width=2).explain(problem)
    curve = [entry["loss"] for entry in selection.trace]
    assert np.diff(curve).max(initial=0) <= 1e-6
    # One update without change is enough: with the same cells the next would be the same.
    assert [entry["changed"] for entry in selection.trace] == [1] * (len(curve) - 1) + [0]
    assert len(curve) < 20
    assert curve[-1] == pytest.approx(loss_by_hand(model, x, selection.indices), abs=1e-5)
    # 1 position of the first subset, then 2 of each: 5 trials an update.
    assert [entry["step"] for entry in selection.trace] == list(range(0, 5 * len(curve), 5))


def test_beam_search_takes_no_more_steps_than_asked_for() -> None:
    _, _, problem = interacting(2, 3)
    grids(update="beam", batch_size=0, candidates=2, width=2, steps=7).explain(problem)
    n, positions, updates = problem.population.n_cells, 7, 2
    # The present index and two candidates a trial, one gradient an update.
    assert problem.counts.forward == n * (3 * positions + updates)
    assert problem.counts.gradient == n * updates
