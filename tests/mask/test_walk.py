"""Walks: every step of them against a plain pass of the module with that much masked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.data.dataset import Target
from xbench.mask import MaskedPopulation, masked_population
from xbench.mask.objective import OBJECTIVES

from ..toys import (
    LinearToy,
    dense_twin,
    masked_by_hand,
    messy_csr,
    random_cross_modality,
    random_inputs,
)
from .small_models import NARROW, SIZES, D
from .walks import FIRST, GENE, GROUPS, MODELS, posed, shuffled


def by_hand(
    model: torch.nn.Module,
    x: np.ndarray,
    p: object,
    permutations: np.ndarray,
    groups: list[list[int]],
    losses_of: Callable[[torch.Tensor], torch.Tensor],
) -> tuple[np.ndarray, np.ndarray]:
    """Change of the loss at each group's step, and whether it changed an input."""
    changes = np.zeros((len(x), len(groups)))
    changed = np.zeros((len(x), len(groups)), dtype=bool)
    for cell, order in enumerate(permutations):
        masked: list[int] = []
        states = [x[cell : cell + 1]]
        for group in order:
            masked += groups[group]
            states.append(masked_by_hand(x[cell : cell + 1], masked, p))
        path = np.concatenate(states)
        with torch.no_grad():
            losses = losses_of(model(torch.from_numpy(path))).double().numpy()
        changes[cell, order] = np.diff(losses)
        changed[cell, order] = (path[1:] != path[:-1]).any(axis=1)
    return changes, changed


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("p", [0.0, 1.0, "arbitrary"])
@pytest.mark.parametrize("binary", [True, False], ids=["binary", "continuous"])
@pytest.mark.parametrize("name", MODELS)
def test_each_step_is_what_masking_that_much_changes(
    name: str, binary: bool, p: float | str, grouped: bool
) -> None:
    model, target, objective, losses_of = posed(name)
    x = random_inputs(9, D, binary=binary)
    value = np.random.default_rng(4).normal(size=D).astype(np.float32) if p == "arbitrary" else p
    groups = GROUPS if grouped else [[feature] for feature in range(D)]
    # Batches, in which a cell may walk more than once; here the full, the empty, and others.
    rows = np.array([7, 0, 1, 7, 3])
    permutations = shuffled(len(rows), len(groups))
    wanted, changed = by_hand(model, x[rows], value, permutations, groups, losses_of)
    scale = float(losses_of(model(torch.from_numpy(x))).detach().abs().max())
    for population in (
        masked_population(model, messy_csr(x), target, OBJECTIVES[objective], value),
        dense_twin(model, x, target, objective, value),
    ):
        batch = population.batch(rows)
        found = batch.walk(permutations, GROUPS if grouped else None)
        np.testing.assert_allclose(found.toarray(), wanted, rtol=0, atol=3e-6 * max(1, scale))
        # An entry where an input changes, in order, and nowhere else.
        stored = found.copy()
        stored.data[:] = 1
        np.testing.assert_array_equal(stored.toarray(), changed)
        assert found.has_sorted_indices
        assert found.dtype == np.float64


def steps_of_some(
    permutations: np.ndarray, kept: np.ndarray, sorted_groups: bool = True
) -> sp.csr_matrix:
    """The same orders, of the groups that are kept alone, as steps."""
    rows = []
    for order, keep in zip(permutations, kept, strict=True):
        groups = order[keep[order]]
        own = sp.csr_matrix(
            (np.arange(len(groups)), groups, [0, len(groups)]), shape=(1, len(order))
        )
        rows.append(own.sorted_indices() if sorted_groups else own)
    pointers = np.cumsum([0, *(len(row.data) for row in rows)])
    data, indices = (
        np.concatenate([getattr(row, of) for row in rows]) for of in ("data", "indices")
    )
    return sp.csr_matrix((data, indices, pointers), shape=permutations.shape)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_steps_of_the_groups_that_change_something_are_a_whole_order(
    p: float, grouped: bool
) -> None:
    model, target, objective, _ = posed("split")
    groups = GROUPS if grouped else [[feature] for feature in range(D)]
    x = random_inputs(9, D)
    orders = shuffled(9, len(groups))
    for population in (
        masked_population(model, x, target, OBJECTIVES[objective], p),
        dense_twin(model, x, target, objective, p),
    ):
        whole = population.walk(orders, groups)
        kept = np.zeros(orders.shape, dtype=bool)
        kept[whole.nonzero()] = True
        kept[2] = True
        for steps in (steps_of_some(orders, kept), steps_of_some(orders, kept, False)):
            found = population.walk(steps, groups)
            np.testing.assert_array_equal(found.indices, whole.indices)
            np.testing.assert_allclose(found.data, whole.data, rtol=0, atol=1e-12)


def test_groups_without_a_step_follow_ascending() -> None:
    model, target, objective, _ = posed("interacting")
    x = np.ones((1, D), np.float32)
    order = np.array([[4, 1, *(group for group in range(D) if group not in (4, 1))]])
    steps = sp.csr_matrix((np.array([1, 0]), np.array([1, 4]), np.array([0, 2])), shape=(1, D))
    for population in (
        masked_population(model, x, target, OBJECTIVES[objective]),
        dense_twin(model, x, target, objective),
    ):
        np.testing.assert_allclose(
            population.walk(steps).toarray(), population.walk(order).toarray(), atol=1e-12
        )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([0, 2], "steps: those of row 0 must be 0 to 1, each once"),
        ([0, 0], "steps: those of row 0 must be 0 to 1, each once"),
        ([0, -1], "steps: those of row 0 must be 0 to 1, each once"),
        ([0.0, 1.0], r"type float64 but must have \(2, 3\) and integers"),
    ],
)
def test_what_are_no_steps_is_refused(data: list[float], message: str) -> None:
    model = LinearToy(np.ones((3, 1)), [3], np.zeros(1))
    steps = sp.csr_matrix((np.array(data), np.array([0, 2]), np.array([0, 2, 2])), shape=(2, 3))
    for population in (
        masked_population(model, np.ones((2, 3), np.float32), FIRST, OBJECTIVES["expression"]),
        dense_twin(model, np.ones((2, 3), np.float32), FIRST),
    ):
        with pytest.raises(ValueError, match=message):
            population.walk(steps)
    with pytest.raises(
        ValueError, match=r"have shape \(2, 3\) and type int64 but must have \(1, 3\)"
    ):
        population.batch(np.array([0])).walk(steps.astype(int))


def test_features_as_a_column_are_a_group_each() -> None:
    model, target, objective, _ = posed("split")
    ours = masked_population(model, random_inputs(3, D), target, OBJECTIVES[objective])
    chosen, orders = np.array([4, 0, 13, 9]), shuffled(3, 4)
    found = ours.walk(orders, chosen[:, None])
    np.testing.assert_array_equal(
        found.toarray(), ours.walk(orders, chosen[:, None].tolist()).toarray()
    )
    with pytest.raises(ValueError, match="groups: feature 4 is in them more than once"):
        ours.walk(shuffled(3, 2), np.array([[4], [4]]))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(data=st.data())
def test_walks_of_arbitrary_inputs_and_groups(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=4).filter(sum))
    d, n_cells = sum(sizes), data.draw(st.integers(1, 4))
    rows = st.lists(st.sampled_from([0.0, 0.0, 1.0, 0.5, -2.0]), min_size=d, max_size=d)
    x = np.array(data.draw(st.lists(rows, min_size=n_cells, max_size=n_cells)), np.float32)
    p = np.array(data.draw(rows), np.float32)
    plain = random_cross_modality(sizes, n_outputs=2, seed=data.draw(st.integers(0, 3)), **NARROW)
    model = plain.frozen() if data.draw(st.booleans()) else plain
    features = data.draw(st.permutations(range(d)))
    cuts = sorted(data.draw(st.lists(st.integers(0, d), max_size=d)))
    groups = [part.tolist() for part in np.split(np.array(features), cuts)]
    permutations = shuffled(n_cells, len(groups), data.draw(st.integers(0, 99)))
    wanted, changed = by_hand(plain, x, p, permutations, groups, lambda out: out[:, 1])
    for population in (
        masked_population(model, x, GENE, OBJECTIVES["expression"], p),
        dense_twin(plain, x, GENE, perturbation=p),
    ):
        found = population.walk(permutations, groups)
        np.testing.assert_allclose(found.toarray(), wanted, rtol=0, atol=3e-5)
        assert found.nnz == changed.sum()


@pytest.mark.parametrize("name", MODELS)
def test_a_walk_adds_up_to_the_change_from_none_to_all_masked(name: str) -> None:
    model, target, objective, losses_of = posed(name)
    x = random_inputs(9, D, binary=False)
    ours = masked_population(model, x, target, OBJECTIVES[objective], 0.3)
    with torch.no_grad():
        none = losses_of(model(torch.from_numpy(x))).double().numpy()
        every = losses_of(model(torch.full((1, D), 0.3))).double().numpy()
    for seed in range(3):
        total = ours.walk(shuffled(9, D, seed)).sum(axis=1).A1
        np.testing.assert_allclose(total, every - none, rtol=0, atol=2e-6)


def test_in_a_linear_model_the_order_does_not_matter() -> None:
    generator = np.random.default_rng(0)
    weight = generator.normal(size=(6, 1))
    x = random_inputs(5, 6, binary=False)
    population = masked_population(
        LinearToy(weight, [2, 4], np.zeros(1)), x, Target("a", "b", 0), OBJECTIVES["expression"]
    )
    for seed in range(3):
        found = population.walk(shuffled(5, 6, seed)).toarray()
        np.testing.assert_allclose(found, -x * weight[:, 0], atol=1e-6)


def test_thousands_of_steps_leave_no_drift() -> None:
    d, sizes = 6000, [2000, 4000]
    x = random_inputs(2, d, density=0.9)
    model = random_cross_modality(sizes, **NARROW).frozen()
    ours = masked_population(model, x, GENE, OBJECTIVES["expression"])
    batch = ours.batch(np.array([1, 1]))
    order = shuffled(1, d)
    found = batch.walk(np.concatenate([order, order[:, ::-1]]))
    for step in (1, 2999, 5990, 6000):
        masked = ours.batch(np.array([1])).values(order[0, :step])[0]
        start = ours.batch(np.array([1])).values()[0]
        walked = found[0].toarray()[0, order[0, :step]].sum()
        back = found[1].toarray()[0, order[0, step:]].sum()
        assert walked == pytest.approx(masked - start, abs=5e-6)
        kept = ours.batch(np.array([1])).values(order[0, step:])[0]
        assert back == pytest.approx(kept - start, abs=5e-6)


class TestCounts:
    def both(self, x: np.ndarray) -> tuple[MaskedPopulation, MaskedPopulation]:
        model = random_cross_modality(SIZES, seed=1, **NARROW).frozen()
        return masked_population(model, x, GENE, OBJECTIVES["expression"]), dense_twin(
            model, x, GENE
        )

    def test_every_step_is_charged_and_only_changes_are_computed(self) -> None:
        x = random_inputs(9, D)
        for population in self.both(x):
            population.walk(shuffled(9, D))
            assert population.counts.forward == 9 * (D + 1)
            assert population.counts.gradient == 0
            assert population.counts.computed == 9 + np.count_nonzero(x)

    def test_groups_are_steps(self) -> None:
        for population in self.both(random_inputs(9, D)):
            population.batch(np.array([1, 1, 0])).walk(shuffled(3, len(GROUPS)), GROUPS)
            assert population.counts.forward == 3 * (len(GROUPS) + 1)
            # The full cell walks twice, past an empty group; the empty cell has no step.
            assert population.counts.computed == 3 + 2 * (len(GROUPS) - 1)

    def test_features_that_no_sum_depends_on_are_stored_but_not_computed(self) -> None:
        weight = np.array([[1.0], [0.0], [2.0], [0.0]])
        model = LinearToy(weight, [2, 2], np.zeros(1))
        x = np.array([[1, 1, 1, 1], [0, 1, 0, 1]], dtype=np.float32)
        population = masked_population(model, x, Target("a", "b", 0), OBJECTIVES["expression"])
        found = population.walk(np.array([[3, 2, 1, 0], [0, 1, 2, 3]]))
        assert found.nnz == 6
        np.testing.assert_array_equal(found.toarray(), -x * weight[:, 0])
        assert population.counts.computed == 2 + 2


@pytest.mark.parametrize("nothing", [0, 3])
def test_nothing_to_walk(nothing: int) -> None:
    model, target, objective, _ = posed("split")
    x = np.zeros((3, D), dtype=np.float32)
    for population in (
        masked_population(model, x, target, OBJECTIVES[objective]),
        dense_twin(model, x, target, objective),
    ):
        found = population.batch(np.arange(nothing)).walk(shuffled(nothing, D))
        assert found.shape == (nothing, D)
        assert found.nnz == 0


@pytest.mark.parametrize(
    ("permutations", "message"),
    [
        ([[0, 1, 2]], r"have shape \(1, 3\) and type int64 but must have \(2, 3\) and integers"),
        ([[0, 1], [1, 0]], r"must have \(2, 3\)"),
        ([[0.0, 1.0, 2.0]] * 2, "type float64"),
        ([[0, 1, 3]] * 2, r"a group is out of range 0\.\.2"),
        ([[0, 1, -1]] * 2, r"a group is out of range 0\.\.2"),
        ([[0, 1, 2], [0, 2, 2]], "row 1 does not hold group 1"),
    ],
)
def test_what_is_no_permutation_is_refused(permutations: list[list[int]], message: str) -> None:
    model = LinearToy(np.ones((3, 1)), [3], np.zeros(1))
    x = np.ones((2, 3), np.float32)
    target = Target("a", "b", 0)
    for population in (
        masked_population(model, x, target, OBJECTIVES["expression"]),
        dense_twin(model, x, target),
    ):
        with pytest.raises(ValueError, match=message):
            population.walk(np.array(permutations))
        assert population.counts.forward == 0


def test_groups_that_overlap_are_refused() -> None:
    model, target, objective, _ = posed("split")
    population = masked_population(model, random_inputs(2, D), target, OBJECTIVES[objective])
    with pytest.raises(ValueError, match="groups: feature 4 is in them more than once"):
        population.walk(shuffled(2, 2), [[4, 5], [4]])
