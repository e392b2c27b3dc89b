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
from xbench.simulation.known_regulation import Truth
from xbench.simulation.response import Response, response_of
from xbench.simulation.simulate import Simulation
from xbench.simulation.target_truth import TargetTruth, _Search, best_subset, target_truth

from ..slow_rest import rest_slow
from .conftest import true_expression


def brute_force(response: Response, size: int) -> float:
    # Smaller subsets too: one more peak may repress, and every other one be masked already.
    features = np.concatenate(response.features)
    subsets = itertools.chain(*(itertools.combinations(features, k) for k in range(size + 1)))
    return max(response.drop(np.array(subset, dtype=np.int64)) for subset in subsets)


@pytest.mark.parametrize("size", rest_slow([1, 2, 3, 5], 3))
@pytest.mark.parametrize("which", ["small", "sparse_small"])
def test_it_is_the_best_of_all_subsets(
    request: pytest.FixtureRequest, which: str, size: int
) -> None:
    simulation: Simulation = request.getfixturevalue(which)
    truth = simulation.truth
    peaks, uses = np.unique(truth.cre_feature, return_counts=True)
    compared = repressed = shared = 0
    for gene in range(0, 60, 2):
        cells = simulation.state[gene : gene + 30]
        response = response_of(truth, cells, gene)
        if sum(map(len, response.features)) > 13:
            continue
        best = best_subset(response, size)
        assert len(best.indices) <= size
        assert best.drop == pytest.approx(response.drop(best.indices), abs=1e-12)
        assert best.drop == pytest.approx(brute_force(response, size), abs=1e-10)
        compared += 1
        listed = zip(response.effect, response.features, strict=True)
        repressed += any(effect < 0 and len(features) for effect, features in listed)
        shared += bool(np.isin(np.concatenate(response.features), peaks[uses > 1]).any())
    assert compared > 10
    if which == "sparse_small":
        assert repressed > 0
        assert shared > 0


def test_a_repressing_peak_is_never_among_the_best(sparse_small: Simulation) -> None:
    truth = sparse_small.truth
    for gene in np.unique(truth.module_gene[truth.module_effect < 0]):
        response = response_of(truth, sparse_small.state, gene)
        listed = zip(response.effect, response.features, strict=True)
        repressing = np.concatenate([peaks for effect, peaks in listed if effect < 0])
        assert not np.isin(best_subset(response, 10).indices, repressing).any()


def test_the_best_subset_is_that_of_the_simulator(sparse_small: Simulation) -> None:
    """No table of a response, but F of masked cells, decides which pair of peaks is best."""
    truth, cells = sparse_small.truth, sparse_small.state[:80]
    gene = int(truth.module_gene[truth.module_effect < 0][0])
    related = np.concatenate(response_of(truth, cells, gene).features)
    before = true_expression(cells, truth)[:, gene].mean()
    drops = {}
    for pair in itertools.combinations(related, 2):
        masked = cells.tolil()
        masked[:, list(pair)] = 0
        drops[pair] = before - true_expression(masked.tocsr(), truth)[:, gene].mean()
    best = best_subset(response_of(truth, cells, gene), 2)
    assert best.drop == pytest.approx(max(0.0, *drops.values()), abs=1e-10)


def any_response(data: st.DataObject) -> tuple[Response, int]:
    """Arbitrary regulation, its synergies far stronger than those simulated, and an L."""
    generator = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    counts = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    patterns = data.draw(st.integers(1, 6))
    edges = np.cumsum([0, *counts])
    weight = generator.random(patterns) + 0.1
    modules = range(len(counts))

    def closing(count: int) -> np.ndarray:
        # Half of them closed, the others open with a strength.
        state = generator.integers(0, 2, (count, patterns)) * generator.random((count, patterns))
        return (1 - generator.uniform(0.5, 0.95, (count, 1))) ** state

    # A repressing module has no synergy.
    sign = np.where(generator.random(len(counts)) < 0.25, -1.0, 1.0)
    response = Response(
        weight=weight / weight.sum(),
        base=float(generator.normal(0, 3)),
        effect=sign * generator.uniform(0.1, 5, len(counts)),
        features=tuple(np.arange(edges[m], edges[m + 1]) for m in modules),
        closing=tuple(closing(count) for count in counts),
        pairs=tuple(
            (a, b, 4 * generator.random())
            for a, b in itertools.combinations(modules, 2)
            if sign[a] > 0 and sign[b] > 0
        ),
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
    whole_drop = whole - expressed(0.0, 0.0)
    names = ["optimality", "module-recall", "true-precision"]

    def measured(*indices: int) -> dict[str, float | None]:
        # None is asked for: where the truth is known they are computed whatever a task declares.
        found = compute_metrics([], replace(outcome, indices=np.array(indices)))
        assert found.pop("true-precision-chance") == pytest.approx(3 / 2000)
        return found

    def wanted(*values: float) -> dict[str, object]:
        return dict(zip(names, map(pytest.approx, values), strict=True))

    assert measured(1, 9) == wanted((whole - expressed(0.5, 0.8)) / best, 0, 1 / 2)
    assert measured(7, 2) == wanted((whole - expressed(0.5, 0.0)) / best, 1 / 2, 1)
    assert measured(2, 1) == wanted(1, 1 / 2, 1)
    assert measured(1, 2, 7) == wanted(1, 1, 1)
    assert measured(8, 9, 10, 1) == wanted((whole - expressed(0.5, 0.8)) / whole_drop, 0, 1 / 4)
    assert compute_metrics(names, replace(outcome, truth=None)) == dict.fromkeys(names)
    assert compute_metrics([], replace(outcome, truth=None)) == {}


def test_masking_repressors_is_worse_than_nothing() -> None:
    response = Response(
        weight=np.array([1.0]),
        base=1.0,
        effect=np.array([2.0, -1.0]),
        features=(np.array([1]), np.array([4])),
        closing=(np.array([[0.5]]), np.array([[0.2]])),
        pairs=(),
    )
    known = TargetTruth(response, (np.array([1]),), (np.array([4]),))

    def expressed(first: float, second: float) -> float:
        return log1p(exp(1.0 + 2.0 * first - second))

    whole, best = expressed(0.5, 0.8), expressed(0.0, 0.8)
    wanted = (whole - expressed(0.5, 0.0)) / (whole - best)
    assert known.optimality(np.array([4])) == pytest.approx(wanted)
    assert wanted < 0
    assert known.precision(np.array([4, 5])) == 0.5
    assert known.module_recall(np.array([4, 5])) == 0.0
    assert known.module_recall(np.array([1, 5])) == 1.0


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
