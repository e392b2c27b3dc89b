"""Exact single effects: hand-worked, against plain passes of the module, and what is not asked."""

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
from xbench.surrogates.surrogate import Surrogate

from ..toys import (
    InteractingToy,
    LinearToy,
    dense_twin,
    masked_by_hand,
    messy_csr,
    random_cross_modality,
    random_inputs,
)

TARGET = Target("all", "gene", 0)
# The second output is never asked for; the last feature moves neither.
WEIGHT = np.array([[1.0, 0.0], [2.0, 5.0], [-3.0, 0.0], [4.0, 0.0], [0.0, 0.0]])
OFFSET = np.array([10.0, 0.0])
X = np.array([[1.0, 1.0, 0.0, 2.0, 1.0], [0.0, 1.0, 1.0, 0.0, 1.0]])

Make = Callable[..., MaskedPopulation]


@pytest.fixture(params=["additive", "dense"])
def make(request: pytest.FixtureRequest) -> Make:
    def population(perturbation: object = 0.0) -> MaskedPopulation:
        model = LinearToy(WEIGHT, [1, 0, 4], OFFSET)
        if request.param == "additive":
            return masked_population(model, X, TARGET, OBJECTIVES["expression"], perturbation)
        return dense_twin(model, X, TARGET, perturbation=perturbation)

    return population


def entries(effects: sp.csr_matrix) -> dict[tuple[int, int], float]:
    """Stored entries by (cell, group)."""
    assert effects.has_canonical_format
    assert effects.dtype == np.float32
    found = effects.tocoo()
    pairs = zip(found.row.tolist(), found.col.tolist(), strict=True)
    return dict(zip(pairs, found.data.tolist(), strict=True))


def test_each_feature_alone(make: Make) -> None:
    # 0 - x times the weight, and no entry where x is 0; feature 4 changes, though F does not care.
    assert entries(make().effects()) == {
        (0, 0): -1.0,
        (0, 1): -2.0,
        (0, 3): -8.0,
        (0, 4): 0.0,
        (1, 1): -2.0,
        (1, 2): 3.0,
        (1, 4): 0.0,
    }


def test_features_that_equal_p_are_absent(make: Make) -> None:
    # p - x is (0, 0, .5, -3, -1) and (1, 0, -.5, -1, -1).
    assert entries(make([1.0, 1.0, 0.5, -1.0, 0.0]).effects()) == {
        (0, 2): -1.5,
        (0, 3): -12.0,
        (0, 4): 0.0,
        (1, 0): 1.0,
        (1, 2): 1.5,
        (1, 3): -4.0,
        (1, 4): 0.0,
    }


def test_groups_are_masked_as_one(make: Make) -> None:
    # Features 3 and 0 lie in two blocks; an empty group changes nothing; feature 4 is in none.
    effects = make().effects([[3, 0], [], [2, 1]])
    assert effects.shape == (2, 3)
    assert entries(effects) == {(0, 0): -9.0, (0, 2): -2.0, (1, 2): 1.0}


def test_what_is_masked_already_does_not_change_again(make: Make) -> None:
    assert entries(make().effects([[3, 0], [1]], subset=[1, 3])) == {(0, 0): -1.0}
    assert entries(make().effects([[1], [0]], subset=[1])) == {(0, 1): -1.0}


def test_no_groups_at_all(make: Make) -> None:
    assert make().effects([]).shape == (2, 0)


def test_added_losses(make: Make) -> None:
    # 21 and 9 without a mask; without feature 3: 13 and 9, then each of the others.
    np.testing.assert_allclose(make().added_losses([3], [2, 0, 1, 4]), [12.5, 10.5, 9.0, 11.0])
    np.testing.assert_allclose(make().added_losses([], [3]), [11.0])
    assert make().added_losses([], [3]).dtype == np.float64


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([[0], [5]], r"groups: feature 5 is out of range 0\.\.4"),
        ([[0, 1], [2, 1]], "groups: feature 1 is in them more than once"),
    ],
)
def test_groups_that_make_no_sense(make: Make, groups: list[list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make().effects(groups)


def test_a_candidate_that_is_in_the_subset(make: Make) -> None:
    with pytest.raises(ValueError, match="candidate 1 is already in the subset"):
        make().added_losses([1, 3], [2, 1])


def test_only_pairs_that_move_a_sum_are_computed() -> None:
    model = LinearToy(WEIGHT, [1, 0, 4], OFFSET)
    population = masked_population(model, X, TARGET, OBJECTIVES["expression"])
    population.effects()
    # Both cells once, and the five entries of features that have a weight.
    assert population.counts.computed == 2 + 5
    population.effects([[0, 4], [1, 3]])
    assert population.counts.computed == 2 + 5 + 2 + 3


@pytest.mark.parametrize("frozen", [False, True], ids=["whole tail", "by block"])
def test_a_pair_goes_through_the_tail_once_however_large_its_group(frozen: bool) -> None:
    model = random_cross_modality([6, 10, 8], decoder_sizes=(8, 9))
    x = random_inputs(9, 24)
    population = masked_population(
        model.frozen() if frozen else model, x, TARGET, OBJECTIVES["expression"]
    )
    groups = [[0, 1, 7, 20], [2, 3], [9, 23]]
    changed = sum(int(x[:, group].any(axis=1).sum()) for group in groups)
    population.effects(groups)
    assert population.counts.computed == 9 + changed


def brute_force(
    model: Surrogate, x: np.ndarray, p: np.ndarray, groups: list[list[int]], subset: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Change of each cell's output by plain passes, and whether any input changes at all."""
    before = masked_by_hand(x, subset, p)
    after = [masked_by_hand(before, group, p) for group in groups]
    with torch.no_grad():
        outputs = model(torch.from_numpy(np.concatenate([before, *after])))[:, 0].numpy()
    first, *others = outputs.reshape(-1, len(x))
    changes = [(before != some).any(axis=1) for some in after]
    return np.stack(others, axis=1) - first[:, None], np.stack(changes, axis=1)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(data=st.data())
def test_against_brute_force(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=4).filter(sum))
    d = sum(sizes)
    n_cells = data.draw(st.integers(1, 6))
    values = st.sampled_from([0.0, 0.0, 1.0, 0.5, -2.0])
    rows = st.lists(values, min_size=d, max_size=d)
    x = np.array(data.draw(st.lists(rows, min_size=n_cells, max_size=n_cells)), np.float32)
    p = np.array(data.draw(st.one_of(st.just([0.0] * d), rows)), np.float32)
    subset = data.draw(st.lists(st.integers(0, d - 1), unique=True))
    mixed = data.draw(st.permutations(range(d)))
    cuts = sorted(data.draw(st.lists(st.integers(0, d), max_size=4)))
    groups = [part.tolist() for part in np.split(np.array(mixed), cuts)]
    models = (
        InteractingToy(sizes, seed=data.draw(st.integers(0, 3))),
        random_cross_modality(sizes, decoder_sizes=(6, 7), n_hidden=3).frozen(),
    )
    singles = [[feature] for feature in range(d)]
    left = [feature for feature in range(d) if feature not in subset]
    for model in models:
        asked = masked_population(model, messy_csr(x), TARGET, OBJECTIVES["expression"], p)
        for given_groups, meant in ((groups, groups), (None, singles)):
            expected, changed = brute_force(model, x, p, meant, subset)
            effects = asked.effects(given_groups, subset)
            np.testing.assert_allclose(effects.toarray(), expected, rtol=0, atol=3e-5)
            assert set(entries(effects)) == set(zip(*changed.nonzero(), strict=True))
        # `expected` is of single features by now.
        losses = asked.values(subset).mean() + expected.mean(axis=0)[left]
        np.testing.assert_allclose(asked.added_losses(subset, left), losses, atol=3e-5)


def test_the_loss_is_meant_not_the_number_explained() -> None:
    model = InteractingToy([5, 4])
    target = Target("8", "3", 1, contrast=0)
    x = random_inputs(7, 9, binary=False)
    asked = masked_population(model, x, target, OBJECTIVES["cross-entropy"])

    def losses(subset: list[int]) -> np.ndarray:
        with torch.no_grad():
            out = model(torch.from_numpy(masked_by_hand(x, subset, 0.0))).numpy()
        return np.log1p(np.exp(out[:, 1] - out[:, 0]))

    expected = np.stack([losses([2, feature]) - losses([2]) for feature in range(9)], axis=1)
    np.testing.assert_allclose(asked.effects(subset=[2]).toarray(), expected, atol=1e-5)
