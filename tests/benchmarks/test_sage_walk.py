"""SAGE by walks against the authors' package, and walks at the paper's size.

    pytest -m "slow or not slow" tests/benchmarks/test_sage_walk.py -s

By wall time the ratio once came out as 13 on a machine with six processes a core: ours is done in a
twentieth of a second and theirs takes four seconds, so all of ours could fall into a moment in
which this process had a fifth of a core, and none of theirs. Hence processor time, side by side.
"""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np
import pytest
import torch

import xbench
from xbench import Problem, Selection
from xbench.data.dataset import Target
from xbench.registry.find import explainer_class
from xbench.surrogates.mlp_classifier import MLPClassifier

from ..toys import make_problem
from .paper_size import make_case, measured
from .side_by_side import side_by_side, timed

# What is claimed, of as many permutations as a run begins with; and of few, which our batches
# cannot make use of.
RATIO, SMALL_RATIO = 50, 7
PERMUTATIONS, FEW = 512, 32


def eights(seed: int) -> Problem:
    """All 8s for training, explained under the paper's architecture with random weights."""
    dataset = xbench.load_dataset("mnist-binary")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = MLPClassifier(784).frozen()
    return make_problem(
        model,
        dataset.X[dataset.rows("8", "train")],
        64,
        target=Target("8", "3", 1, contrast=0),
        objective="cross-entropy",
        seed=seed,
    )


def explained(name: str, permutations: int, problem: Problem) -> Selection:
    method = explainer_class(name)(
        permutations=permutations, batch_size=permutations, threshold=1e-9
    )
    selection = method.explain(problem)
    assert selection.details["permutations"] == permutations
    return selection


def compare(benchmark: Any, permutations: int, repeat: int, rounds: int) -> float:
    """Time both on the same problem and number of permutations, in turn."""
    pytest.importorskip("sage")
    problem = eights(0)
    return side_by_side(
        benchmark,
        timed(lambda: explained("sage", permutations, problem), repeat, quickest=True),
        timed(lambda: explained("sage-reference", permutations, problem)),
        against="sage-importance",
        size=f"{permutations} permutations of 784 pixels",
        rounds=rounds,
    )


@pytest.mark.slow
def test_fifty_times_faster_a_permutation_than_the_package(benchmark: Any) -> None:
    pytest.importorskip("sage")
    scores = [
        explained(name, PERMUTATIONS, eights(3)).scores for name in ("sage", "sage-reference")
    ]
    assert np.corrcoef(*scores)[0, 1] > 0.97
    assert compare(benchmark, PERMUTATIONS, repeat=6, rounds=5) >= RATIO


def test_few_permutations_are_faster_than_the_packages(benchmark: Any) -> None:
    assert compare(benchmark, FEW, repeat=6, rounds=5) >= SMALL_RATIO


@pytest.mark.slow
def test_a_walk_at_the_papers_size() -> None:
    case = make_case()
    population = case.ours()
    generator = np.random.default_rng(0)
    cells = generator.choice(population.n_cells, 8, replace=False)
    orders = generator.permuted(np.tile(np.arange(population.n_features), (8, 1)), axis=1)
    batch = population.batch(cells)
    walks = batch.walk(orders)
    assert (np.diff(walks.indptr) == 4811).all()
    # Half way and at the end, against the outputs with that much masked.
    start = batch.values()
    for row, order in enumerate(orders):
        one = population.batch(cells[[row]])
        for length in (population.n_features // 2, population.n_features):
            walked = walks[row].toarray()[0, order[:length]].sum()
            whole = one.values(order[:length])[0] - start[row]
            assert walked == pytest.approx(whole, abs=5e-6)
    seconds = median(measured(lambda: batch.walk(orders), 5)) / len(cells)
    print(f"\n{1e3 * seconds:.1f} ms a walk of 127,219 peaks, 4,811 of them open")
    # Least work: 4,811 steps of 212 k multiply-adds, 25 ms on a core of this machine; what a
    # machine with six processes a core still reaches.
    assert seconds < 2
