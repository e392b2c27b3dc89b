"""Controls without a model: correlation and the nearest TSS."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.data.dataset import Target
from xbench.data.features import Features
from xbench.explainers.explainer import MeasuredCells
from xbench.explainers.neighbours import distance_to_start
from xbench.methods.correlation import correlations
from xbench.methods.ridge import ridge_coefficients, sparse_ridge_coefficients

from ..toys import messy_csr, random_inputs
from .near_a_gene import GENE, D, features, method, posed

# Correlation


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 999),
    binary=st.booleans(),
    density=st.floats(0.1, 0.9),
    offset=st.sampled_from([0.0, 5.0, 1e4]),
)
def test_correlations_are_those_of_numpy(
    seed: int, binary: bool, density: float, offset: float
) -> None:
    generator = np.random.default_rng(seed)
    x = random_inputs(12, 9, seed=seed, binary=binary, density=density)
    x[:, 7] = 3.0  # never varies, though it is never 0
    y = generator.normal(size=12) + offset
    ours = correlations([(messy_csr(x, seed), y)])
    with np.errstate(invalid="ignore", divide="ignore"):
        wanted = np.nan_to_num([np.corrcoef(column, y)[0, 1] for column in x.T.astype(np.float64)])
    np.testing.assert_allclose(ours, wanted, atol=1e-6)
    assert ours[7] == 0
    np.testing.assert_allclose(correlations([(x, y)]), ours, atol=1e-12)
    assert not correlations([(x, np.full(12, 4.2))]).any()


def of_three_types(seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Inputs and what was measured in types that differ in their means and their size."""
    generator = np.random.default_rng(seed)
    groups = []
    for size, level in ((30, 0.2), (8, 0.8), (15, 0.5)):
        x = (generator.random((size, D)) < level).astype(np.float32)
        groups.append((x, x[:, 3] + 20 * level + 0.3 * generator.normal(size=size)))
    return groups


def test_correlations_within_groups_are_those_of_numpy_between_deviations() -> None:
    groups = of_three_types(0)
    x = np.concatenate([x - x.mean(axis=0) for x, _ in groups])
    y = np.concatenate([y - y.mean() for _, y in groups])
    wanted = [np.corrcoef(column, y)[0, 1] for column in x.T]
    np.testing.assert_allclose(correlations(groups), wanted, atol=1e-6)
    # Over all cells as one group, each peak that marks the types follows the gene.
    pooled = (np.concatenate(parts) for parts in zip(*groups, strict=True))
    assert (correlations([tuple(pooled)]) > correlations(groups) + 0.2)[[0, 1, 2, 4]].all()


@pytest.mark.parametrize(("name", "parameters"), [("correlation", {}), ("ridge", {"window": None})])
def test_other_types_show_what_the_explained_one_cannot(
    name: str, parameters: dict[str, Any]
) -> None:
    groups = of_three_types(1)
    x, y = groups[1]
    # In the explained type the cause is open in two cells of eight, and noise rules.
    problem = posed(x, D, observed=y + 3 * np.random.default_rng(3).normal(size=len(y)))
    problem = dataclasses.replace(
        problem, every_type=lambda: (MeasuredCells(*group) for group in groups)
    )
    alone = method(name, **parameters).explain(problem)
    among = method(name, within="cell-type", **parameters).explain(problem)
    assert alone.indices[0] != 3
    assert among.indices[0] == 3
    assert (problem.counts.forward, problem.counts.gradient) == (0, 0)


@pytest.mark.parametrize("constant", [0.1, 0.3, 0.7, 1.1, 3.3, 1000.1])
def test_what_never_varies_is_not_correlated_by_rounding(constant: float) -> None:
    for n_cells in (7, 12, 20, 40, 100):
        x, y = np.full((n_cells, 1), constant), np.arange(n_cells) / 3
        assert correlations([(x, y)]) == 0
        assert (
            correlations([(np.eye(n_cells), np.full(n_cells, constant))]).tolist() == [0] * n_cells
        )


def test_what_is_open_where_the_gene_is_expressed_comes_first() -> None:
    generator = np.random.default_rng(0)
    x = (generator.random((200, D)) < 0.5).astype(np.float32)
    observed = 2 * x[:, 5] - 3 * x[:, 1] + x[:, 0] + 0.1 * generator.normal(size=200)
    problem = posed(x, 3, observed=observed)
    selection = method("correlation").explain(problem)
    assert selection.indices[:2].tolist() == [5, 0]
    assert np.argmin(selection.scores) == 1
    assert (problem.counts.forward, problem.counts.gradient) == (0, 0)
    # Where masking opens peaks, those of negative correlation do what it says.
    opened = method("correlation").explain(posed(x, 3, observed=observed, perturbation=1.0))
    assert opened.indices[0] == 1
    np.testing.assert_allclose(opened.scores, -np.asarray(selection.scores))


def test_a_peak_hardly_ever_open_counts_less_by_accessibility() -> None:
    x = np.zeros((100, D), dtype=np.float32)
    x[:2, 0], x[::2, 1] = 1, 1
    observed = 1.2 * x[:, 0] + 0.1 * x[:, 1]
    plain, weighted = (
        method("correlation", by_accessibility=on).explain(posed(x, 2, observed=observed))
        for on in (False, True)
    )
    assert plain.indices.tolist() == [0, 1]
    assert weighted.indices.tolist() == [1, 0]
    r = np.corrcoef(x[:, 0], observed)[0, 1]
    np.testing.assert_allclose(weighted.scores[0], r * np.sqrt(0.02), rtol=1e-6)


# Ridge


@pytest.mark.parametrize(("n_cells", "n_features"), [(40, 7), (6, 30)])
def test_ridge_is_least_squares_of_the_penalised_rows(n_cells: int, n_features: int) -> None:
    generator = np.random.default_rng(n_cells)
    x, y = generator.random((n_cells, n_features)), generator.normal(size=n_cells)
    centred = x - x.mean(axis=0)
    strength = 0.3 * (centred**2).sum() / n_features
    # The penalty as further rows of an ordinary least squares problem.
    rows = np.vstack([centred, np.sqrt(strength) * np.eye(n_features)])
    wanted = np.linalg.lstsq(rows, np.append(y - y.mean(), np.zeros(n_features)), rcond=None)[0]
    np.testing.assert_allclose(ridge_coefficients([(x, y)], 0.3), wanted, atol=1e-10)


@pytest.mark.parametrize("n_groups", [1, 3])
@pytest.mark.parametrize("penalty", [1.0, 1e-4])
def test_ridge_of_sparse_inputs_is_that_of_a_table(n_groups: int, penalty: float) -> None:
    generator = np.random.default_rng(n_groups)
    dense, sparse = [], []
    for number in range(n_groups):
        x = random_inputs(12 + number, 90, seed=number, binary=number == 0, density=0.2)
        x[:, 7], x[:, 8] = 0.1 * (number + 1), 0  # never vary within a group
        y = generator.normal(size=len(x)) + 5 * number
        dense.append((x.astype(np.float64), y))
        sparse.append((messy_csr(x, number), y))
    found = sparse_ridge_coefficients(sparse, penalty)
    np.testing.assert_allclose(found, ridge_coefficients(dense, penalty), rtol=1e-6, atol=1e-9)
    assert found[[7, 8]].tolist() == [0, 0]
    flat = [(messy_csr(np.full((5, 9), 0.3)), np.arange(5.0))]
    assert not sparse_ridge_coefficients(flat, penalty).any()


@pytest.mark.parametrize("within", ["population", "cell-type"])
@pytest.mark.parametrize("perturbation", [0.0, 1.0])
def test_ridge_of_all_features_makes_no_table(
    within: str, perturbation: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = (np.random.default_rng(5).random((20, 60)) < 0.3).astype(np.float32)
    observed = 3 * x[:, 11] - 2 * x[:, 4]
    groups = [
        MeasuredCells(sp.csr_matrix(x), observed),
        MeasuredCells(sp.csr_matrix(x[:9]), x[:9, 11]),
    ]
    problem = posed(x, 60, observed=observed, perturbation=perturbation)
    wanted = method("ridge", window=None, within=within).explain(
        dataclasses.replace(problem, every_type=lambda: ((one.toarray(), y) for one, y in groups))
    )
    problem = dataclasses.replace(problem, inputs=sp.csr_matrix(x), every_type=lambda: iter(groups))
    # A method's file is imported under a name of its own.
    module = sys.modules[method("ridge").__module__]
    monkeypatch.delattr(module, "_dense")
    found = method("ridge", window=None, within=within).explain(problem)
    np.testing.assert_allclose(
        found.scores[np.argsort(found.indices)],
        wanted.scores[np.argsort(wanted.indices)],
        atol=1e-9,
    )


def test_ridge_near_a_gene_is_that_of_the_near_features_alone() -> None:
    """Also where there are more features than cells, few of them not 0, as of peaks."""
    x = (np.random.default_rng(3).random((D - 4, D)) < 0.3).astype(np.float32)
    observed = np.random.default_rng(4).gamma(2.0, size=D - 4)
    problem = posed(x, D, observed=observed)
    found = method("ridge", window=2_000.0).explain(problem)
    near = np.flatnonzero(distance_to_start(problem.features, problem.target) <= 2_000)
    assert 0 < len(near) < D
    scores = ridge_coefficients([(x[:, near].astype(float), observed)], 1.0) * x[:, near].mean(0)
    order = near[np.argsort(-scores, kind="stable")]
    assert found.indices[: len(near)].tolist() == order.tolist()


def test_ridge_ranks_by_how_much_what_it_predicts_falls() -> None:
    """Masked to a half, what is nearly always open moves more than what half of the cells have."""
    x = np.zeros((50, 2), np.float32)
    x[:26, 0], x[:45, 1] = 1.0, 1.0
    x = np.random.default_rng(0).permuted(x, axis=0)
    problem = posed(x, 1, observed=x @ np.array([1.0, 0.8]), perturbation=np.full(2, 0.5))
    assert method("ridge", window=None).explain(problem).indices.tolist() == [1]


def test_ridge_prefers_the_cause_to_its_neighbour() -> None:
    generator = np.random.default_rng(2)
    cause = generator.random((400, 3)) < 0.5
    x = np.zeros((400, D), dtype=np.float32)
    x[:, [2, 3, 5]] = cause
    # Open whenever two causes are: a correlation takes it for the best of all.
    x[:, 4] = cause[:, 0] | cause[:, 1]
    observed = x[:, 2] + x[:, 3] + 0.9 * x[:, 5] + 0.01 * generator.normal(size=400)
    problem = posed(x, 3, observed=observed)
    assert 4 in method("correlation", window=5e5).explain(problem).indices
    found = method("ridge", penalty=0.01).explain(problem)
    assert sorted(found.indices.tolist()) == [2, 3, 5]
    assert (problem.counts.forward, problem.counts.gradient) == (0, 0)


def test_ridge_takes_far_features_last() -> None:
    generator = np.random.default_rng(0)
    x = (generator.random((50, D)) < 0.5).astype(np.float32)
    observed = 5 * x[:, 0] - x[:, 2]
    found = method("ridge", window=2_000.0).explain(posed(x, D, observed=observed))
    assert set(found.indices[:4].tolist()) == {2, 3, 4, 5}
    free = method("ridge", window=None).explain(posed(x, 1, observed=observed))
    assert free.indices.tolist() == [0]


def test_far_features_follow_after_all_near_ones() -> None:
    generator = np.random.default_rng(0)
    x = (generator.random((50, D)) < 0.5).astype(np.float32)
    observed = generator.normal(size=50)
    free = method("correlation").explain(posed(x, D, observed=observed)).indices.tolist()
    found = method("correlation", window=2_000.0).explain(posed(x, D, observed=observed))
    near = {2, 3, 4, 5}
    assert set(found.indices[:4].tolist()) == near
    assert found.indices.tolist() == sorted(
        free, key=lambda one: (one not in near, free.index(one))
    )
    # Even where a far one could not be better, and a near one not worse.
    x[:, 3] = 1 - x[:, 6]
    extreme = posed(x, D, observed=x[:, 6])
    order = method("correlation", window=2_000.0).explain(extreme).indices.tolist()
    assert (order[3], order[4]) == (3, 6)


def test_controls_say_what_they_lack() -> None:
    x = random_inputs(5, D)
    assert "measured" in method("correlation").skip(posed(x, 2))
    known = posed(x, 2, observed=np.ones(5))
    assert method("correlation").skip(known) is None
    nowhere = posed(x, 2, observed=np.ones(5), where=None)
    assert method("correlation").skip(nowhere) is None
    unplaced = dataclasses.replace(known, features=Features([f"f{j}" for j in range(D)]))
    for lacking, word in ((nowhere, "'gene' lies"), (unplaced, "coordinates")):
        for control in (
            method("nearest-tss"),
            method("correlation", window=9.0),
            method("random-matched", match="distance"),
        ):
            assert word in control.skip(lacking)
            assert control.skip(known) is None
    assert method("random-matched").skip(unplaced) is None
    moved = dataclasses.replace(known, perturbation=x.mean(axis=0))
    for control in (method("correlation"), method("ridge")):
        assert "neither lowers nor raises" in control.skip(moved)


# Nearest TSS


def test_distance_is_to_the_nearer_end_of_the_gene() -> None:
    distance = distance_to_start(features(), Target("VIP", "gene", 0, GENE))
    # peak3 lies over the first base; peak4, in the middle of the gene, 900 from its last one.
    wanted = [np.inf, 9_401, 901, 0, 900, 401, 388_001, np.inf]
    assert distance.tolist() == wanted
    with pytest.raises(ValueError, match="'gene' lies"):
        distance_to_start(features(), Target("VIP", "gene", 0))


def test_the_nearest_come_first() -> None:
    problem = posed(random_inputs(5, D), D)
    found = method("nearest-tss").explain(problem).indices.tolist()
    assert found == [3, 5, 4, 2, 1, 6, 0, 7]
    assert problem.counts.forward == 0


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        (
            "random-matched",
            {"match": "size"},
            "match: must be 'accessibility' or 'distance', not 'size'",
        ),
        ("random-matched", {"pool": 0}, "pool: must be more than 0, not 0"),
        ("correlation", {"window": -1.0}, "window: must be at least 0, not -1.0"),
        ("ridge", {"window": -1.0}, "window: must be at least 0, not -1.0"),
        ("ridge", {"penalty": 0.0}, "penalty: must be more than 0, not 0.0"),
    ],
)
def test_wrong_parameters_are_named(name: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        method(name, **parameters)
