"""Branch and bound against trying every subset, and the metrics made of it by hand."""

from __future__ import annotations

import itertools
from dataclasses import replace
from math import exp, log1p

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.data.dataset import Dataset
from xbench.metrics import Outcome, compute_metrics
from xbench.simulation.best_subset import _Search, best_subset
from xbench.simulation.response import Response, response_of
from xbench.simulation.simulate import Simulation
from xbench.simulation.simulated_counts import true_expression
from xbench.simulation.target_truth import TargetTruth, target_truth
from xbench.simulation.truth import Truth


def brute_force(response: Response, size: int) -> float:
    features = np.concatenate(response.features)
    subsets = itertools.combinations(features, min(size, len(features)))
    return max(response.drop(np.array(subset, dtype=np.int64)) for subset in subsets)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_it_is_the_best_of_all_subsets(small: Simulation, size: int) -> None:
    compared = 0
    for gene in range(0, 60, 2):
        cells = small.open_peaks[gene : gene + 30]
        response = response_of(small.truth, cells, gene)
        if sum(map(len, response.features)) > 13:
            continue
        best = best_subset(response, size)
        assert len(best.indices) <= size
        assert best.drop == pytest.approx(response.drop(best.indices), abs=1e-12)
        assert best.drop == pytest.approx(brute_force(response, size), abs=1e-10)
        compared += 1
    assert compared > 10


def any_response(data: st.DataObject) -> tuple[Response, int]:
    """Arbitrary regulation, its synergies far stronger than those simulated, and an L."""
    generator = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    counts = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    patterns = data.draw(st.integers(1, 6))
    edges = np.cumsum([0, *counts])
    weight = generator.random(patterns) + 0.1
    modules = range(len(counts))

    def closing(count: int) -> np.ndarray:
        is_open = generator.integers(0, 2, (count, patterns))
        return 1 - generator.uniform(0.5, 0.95, (count, 1)) * is_open

    response = Response(
        weight=weight / weight.sum(),
        base=float(generator.normal(0, 3)),
        effect=generator.uniform(0.1, 5, len(counts)),
        features=tuple(np.arange(edges[m], edges[m + 1]) for m in modules),
        closing=tuple(closing(count) for count in counts),
        pairs=tuple((a, b, 4 * generator.random()) for a, b in itertools.combinations(modules, 2)),
    )
    return response, data.draw(st.integers(0, sum(counts) + 1))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_it_is_the_best_for_any_regulation(data: st.DataObject) -> None:
    response, size = any_response(data)
    best = best_subset(response, size)
    assert best.drop == pytest.approx(brute_force(response, size), abs=1e-10)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_no_way_to_go_on_is_below_the_bound(data: st.DataObject) -> None:
    response, size = any_response(data)
    search = _Search(response, size)
    sizes = [response.sizes[module] for module in search.order]
    for decided in range(len(sizes)):
        masks = [data.draw(st.integers(0, len(table) - 1)) for table in sizes[:decided]]
        left = size - sum(int(table[mask]) for table, mask in zip(sizes, masks, strict=False))
        if left < 0:
            continue
        bound, found = search._bound(masks, left)
        rest = itertools.product(*(range(len(table)) for table in sizes[decided:]))
        values = [
            response.mean(search.ordered([*masks, *more]))
            for more in rest
            if sum(int(t[mask]) for t, mask in zip(sizes[decided:], more, strict=True)) <= left
        ]
        assert bound <= min(values) + 1e-10
        assert response.mean(search.ordered(found)) in values


def test_a_response_is_the_simulator(small: Simulation) -> None:
    generator = np.random.default_rng(0)
    gene = int(small.truth.trans_gene[0])
    response = response_of(small.truth, small.open_peaks, gene)
    related = np.concatenate(response.features)
    for size in (1, 3, len(related)):
        chosen = generator.choice(related, size, replace=False)
        masked = small.open_peaks.tolil()
        masked[:, chosen] = 0
        before = true_expression(small.open_peaks, small.truth)[:, gene].mean()
        after = true_expression(masked.tocsr(), small.truth)[:, gene].mean()
        assert response.drop(chosen) == pytest.approx(before - after, abs=1e-10)


def two_modules() -> TargetTruth:
    """One cell, all open: module 0 has peaks 1 and 2 (w = 0.5), module 1 peak 7 (w = 0.8)."""
    response = Response(
        weight=np.array([1.0]),
        base=1.0,
        effect=np.array([2.0, 1.0]),
        features=(np.array([1, 2]), np.array([7])),
        closing=(np.array([[0.5], [0.5]]), np.array([[0.2]])),
        pairs=(),
    )
    return TargetTruth(response, (np.array([1, 2]), np.array([7])))


def test_metrics_by_hand(dataset: Dataset) -> None:
    def expressed(first: float, second: float) -> float:
        return log1p(exp(1.0 + 2.0 * first + 1.0 * second))

    whole = expressed(0.75, 0.8)
    target = dataset.target("VIP", "GAD1")
    none = np.zeros(1)
    outcome = Outcome(none, none, np.array([1, 9]), dataset.features, target, two_modules())
    # The best two peaks are 1 and 2, which close module 0; peak 9 does nothing.
    best = whole - expressed(0.0, 0.8)
    names = ["optimality", "module-recall"]
    measured = compute_metrics(names, outcome)
    assert measured["optimality"] == pytest.approx((whole - expressed(0.5, 0.8)) / best, abs=1e-12)
    assert measured["module-recall"] == 0.0
    measured = compute_metrics(names, replace(outcome, indices=np.array([7, 2])))
    reached = (whole - expressed(0.5, 0.0)) / best
    assert measured == {"optimality": pytest.approx(reached, abs=1e-12), "module-recall": 0.5}
    measured = compute_metrics(names, replace(outcome, indices=np.array([2, 1])))
    assert measured == {"optimality": pytest.approx(1.0), "module-recall": 0.5}
    measured = compute_metrics(names, replace(outcome, indices=np.array([1, 2, 7])))
    assert measured == {"optimality": pytest.approx(1.0), "module-recall": 1.0}
    assert compute_metrics(names, replace(outcome, truth=None)) == dict.fromkeys(names)


def test_the_truth_of_a_target(dataset: Dataset, truth: Truth) -> None:
    target, rows = dataset.target("VIP", "GAD1"), dataset.rows("VIP", "all")
    known = target_truth(dataset, target, rows)
    assert known is not None
    cres = np.concatenate([truth.features_of(m) for m in truth.modules_of(target.output)])
    assert known.module_recall(cres) == 1.0
    assert known.module_recall(cres[1:]) == pytest.approx(1 - 1 / len(known.modules))
    best = best_subset(known.response, 3)
    assert known.optimality(best.indices) == 1.0
    others = known.optimality(np.setdiff1d(np.arange(2000), cres)[:3])
    assert others is not None
    assert others < 0.5


def test_nothing_open_has_no_optimality() -> None:
    closed = Response(np.ones(1), 0.0, np.ones(1), (np.zeros(0, int),), (np.ones((0, 1)),), ())
    assert TargetTruth(closed, (np.array([3]),)).optimality(np.array([3])) is None
