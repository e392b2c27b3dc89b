"""Each question to the mask operator against the same question answered by full dense passes.

pytest tests/benchmarks/test_mask_operator.py -s
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from xbench.mask import MaskedPopulation

from .paper_size import BATCH, Case, make_case
from .side_by_side import side_by_side, timed

SUBSET, CANDIDATES = np.arange(10), np.arange(100, 132)
# Cells of a batch by question: a dense pass for each step of a walk would take minutes for more.
CELLS = {"effects": 16, "walk": 4}


def losses(population: MaskedPopulation) -> np.ndarray:
    return population.losses([SUBSET + 10 * number for number in range(8)])


def swap_losses(population: MaskedPopulation) -> np.ndarray:
    return population.swap_losses(SUBSET, 3, CANDIDATES)


def descent(population: MaskedPopulation) -> np.ndarray:
    return population.descent(SUBSET)


def effects(population: MaskedPopulation) -> np.ndarray:
    groups = np.arange(80).reshape(40, 2)
    return population.effects(groups).toarray()


def walk(population: MaskedPopulation) -> np.ndarray:
    orders = np.tile(np.arange(population.n_features), (population.n_cells, 1))
    orders = np.random.default_rng(0).permuted(orders, axis=1)
    return population.walk(orders).toarray()


# How many times faster than dense each must be: about half of what was measured, with nothing else
# and with three more processes a core.
SMALL = {losses: 4.5, swap_losses: 28, descent: 1.8, effects: 20, walk: 2}
LARGE = {losses: 50, swap_losses: 100, descent: 100}


def compare(benchmark: Any, case: Case, question: Callable, rounds: int) -> float:
    cells = np.arange(CELLS.get(question.__name__, BATCH))
    ours, dense = (each.batch(cells) for each in (case.ours(), case.dense()))
    np.testing.assert_allclose(question(ours), question(dense), rtol=1e-3, atol=1e-4)
    return side_by_side(
        benchmark,
        timed(lambda: question(ours), repeat=3),
        timed(lambda: question(dense)),
        against="full dense passes",
        size=f"{len(cells)} cells, {case.inputs.shape[1]:,} peaks",
        rounds=rounds,
    )


@pytest.fixture(scope="module")
def small() -> Case:
    return make_case(1 / 100)


@pytest.mark.parametrize("question", SMALL, ids=lambda one: one.__name__)
def test_a_hundredth_of_the_papers_size(benchmark: Any, small: Case, question: Callable) -> None:
    assert compare(benchmark, small, question, rounds=7) >= SMALL[question]


@pytest.mark.slow
@pytest.mark.parametrize("question", LARGE, ids=lambda one: one.__name__)
def test_the_papers_size(benchmark: Any, question: Callable) -> None:
    assert compare(benchmark, make_case(), question, rounds=3) >= LARGE[question]
