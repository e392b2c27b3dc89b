"""Controls without a model: correlation and the nearest TSS."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.data.dataset import Target
from xbench.data.features import Features
from xbench.explainers.neighbours import distance_to_start
from xbench.methods.correlation import correlations

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
    ours = correlations(messy_csr(x, seed), y)
    with np.errstate(invalid="ignore", divide="ignore"):
        wanted = np.nan_to_num([np.corrcoef(column, y)[0, 1] for column in x.T.astype(np.float64)])
    np.testing.assert_allclose(ours, wanted, atol=1e-6)
    assert ours[7] == 0
    np.testing.assert_allclose(correlations(x, y), ours, atol=1e-12)
    assert not correlations(x, np.full(12, 4.2)).any()


@pytest.mark.parametrize("constant", [0.1, 0.3, 0.7, 1.1, 3.3, 1000.1])
def test_what_never_varies_is_not_correlated_by_rounding(constant: float) -> None:
    for n_cells in (7, 12, 20, 40, 100):
        x, y = np.full((n_cells, 1), constant), np.arange(n_cells) / 3
        assert correlations(x, y) == 0
        assert correlations(np.eye(n_cells), np.full(n_cells, constant)).tolist() == [0] * n_cells


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


def test_far_features_follow_after_all_near_ones() -> None:
    generator = np.random.default_rng(0)
    x = (generator.random((50, D)) < 0.5).astype(np.float32)
    observed = generator.normal(size=50)
    free = method("correlation").explain(posed(x, D, observed=observed)).indices.tolist()
    found = method("correlation", max_distance=2_000.0).explain(posed(x, D, observed=observed))
    near = {2, 3, 4, 5}
    assert set(found.indices[:4].tolist()) == near
    assert found.indices.tolist() == sorted(
        free, key=lambda one: (one not in near, free.index(one))
    )
    # Even where a far one could not be better, and a near one not worse.
    x[:, 3] = 1 - x[:, 6]
    extreme = posed(x, D, observed=x[:, 6])
    order = method("correlation", max_distance=2_000.0).explain(extreme).indices.tolist()
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
            method("correlation", max_distance=9.0),
            method("random-matched", match="distance"),
        ):
            assert word in control.skip(lacking)
            assert control.skip(known) is None
    assert method("random-matched").skip(unplaced) is None


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
        ("correlation", {"max_distance": -1.0}, "max_distance: must be at least 0, not -1.0"),
    ],
)
def test_wrong_parameters_are_named(name: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        method(name, **parameters)
