"""Random features, matched to what the one-shot gradient selects."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp

from xbench.data.dataset import Target
from xbench.data.features import Features, Interval
from xbench.explainers.attribution import share_changed
from xbench.explainers.neighbours import distance_to_start

from ..toys import messy_csr, random_inputs
from .near_a_gene import D, method, posed


def accessible(d: int = 400, n_cells: int = 50) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Peaks that are open ever more often, and a model that wants those of the middle."""
    generator = np.random.default_rng(0)
    rates = np.linspace(0, 0.98, d)
    x = (generator.random((n_cells, d)) < rates).astype(np.float32)
    wanted = np.arange(180, 200)
    weight = np.zeros(d)
    weight[wanted] = 5
    return x, weight, wanted


def test_matches_are_as_accessible_as_what_the_gradient_selects() -> None:
    x, weight, wanted = accessible()
    share = x.mean(axis=0)
    aims = share[wanted]
    for seed in range(10):
        problem = posed(x, 20, weight=weight, seed=seed)
        found = method("random-matched").explain(problem).indices
        assert not set(found.tolist()) & set(wanted.tolist())
        # One by one: 400 features, so 20 others lie within a few cells of each.
        assert np.abs(share[found] - aims[np.argsort(-aims, kind="stable")]).max() < 0.1
        uniform = method("random").explain(problem).indices
        assert np.abs(np.sort(share[uniform]) - np.sort(aims)).max() > 0.2
        assert (problem.counts.forward, problem.counts.gradient) == (50, 50)


def test_matches_are_drawn_and_not_always_the_nearest() -> None:
    x, weight, _ = accessible()

    def found(seed: int, pool: int) -> list[int]:
        problem = posed(x, 20, weight=weight, seed=seed)
        return sorted(method("random-matched", pool=pool).explain(problem).indices.tolist())

    assert found(1, 20) == found(1, 20)
    everything = {feature for seed in range(20) for feature in found(seed, 20)}
    assert len(everything) > 60
    # With as large a pool as there are features, nothing is matched.
    shares = x.mean(axis=0)[found(1, 400)]
    assert shares.max() - shares.min() > 0.6


def test_what_is_equally_far_has_an_equal_chance() -> None:
    # One selected feature, 30 others just like it, in any place among ones that are unlike.
    x = np.zeros((10, 100), np.float32)
    x[:5, 40:71], x[:, 71:] = 1, 1
    weight = np.zeros(100)
    weight[40] = 5
    drawn = set()
    for seed in range(40):
        problem = posed(x, 1, weight=weight, seed=seed)
        drawn |= set(method("random-matched", pool=5).explain(problem).indices.tolist())
    assert drawn <= set(range(41, 71))
    # A pool that is always the same would hold 5.
    assert len(drawn) > 15


def test_distance_is_matched_too() -> None:
    d, generator = 400, np.random.default_rng(0)
    x = (generator.random((40, d)) < 0.5).astype(np.float32)
    start = np.concatenate([np.linspace(0, 10**6, 200), np.linspace(0, 10**6, 200)]).astype(int)
    chrom = np.repeat(["chr1", "chr2"], 200)
    placed = Features([f"p{j}" for j in range(d)], chrom, start, start + 100)
    target = Target("VIP", "gene", 0, Interval("chr2", 500_000, 500_500))
    distance = distance_to_start(placed, target)
    weight = np.zeros(d)
    nearest = 200 + np.argsort(distance[200:])
    # Some of another chromosome, the nearest ones, and ones at the mean log distance.
    chosen = np.concatenate([np.arange(4), nearest[:3], nearest[70:73]])
    weight[chosen] = 5
    for seed in range(5):
        problem = dataclasses.replace(
            posed(x, 10, weight=weight, seed=seed), features=placed, target=target
        )
        found = method("random-matched", match="distance", pool=10).explain(problem).indices
        selected = method("gradient-change").explain(problem).indices
        assert sorted(selected.tolist()) == sorted(chosen.tolist())
        np.testing.assert_array_equal(chrom[found], chrom[selected])
        near = distance[selected] < 10_000
        assert near.sum() == 3
        assert distance[found[near]].max() < 100_000
        by_share = method("random-matched", pool=10).explain(problem).indices
        assert (chrom[by_share] != chrom[selected]).any()


def test_selected_features_are_drawn_only_where_others_run_out() -> None:
    x = random_inputs(6, D)
    assert sorted(method("random-matched").explain(posed(x, D)).indices.tolist()) == [*range(D)]
    found = method("random-matched").explain(posed(x, D // 2)).indices
    selected = method("gradient-change").explain(posed(x, D // 2)).indices
    assert not set(found.tolist()) & set(selected.tolist())


@pytest.mark.parametrize("p", [0.0, 1.0, 0.5])
def test_a_share_is_of_cells_that_masking_changes(p: float) -> None:
    x = random_inputs(9, 6)
    x[2, 3] = 0.5
    problem = posed(x, 2, perturbation=p)
    np.testing.assert_allclose(share_changed(problem), (x != p).mean(axis=0))
    sparse = dataclasses.replace(problem, inputs=messy_csr(x))
    assert sp.issparse(sparse.inputs)
    np.testing.assert_allclose(share_changed(sparse), (x != p).mean(axis=0))
