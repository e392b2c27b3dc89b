"""Questions that make no sense are refused by both operators, in the same words."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xbench.data.dataset import Target
from xbench.mask import AdditivePopulation, DensePopulation, MaskedPopulation, masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.mask.population import check_subset, check_swap, perturbation_vector
from xbench.surrogates.layers import AdditiveLayer

from ..toys import LinearToy, dense_twin

TARGET = Target("all", "gene", 0)
MODEL = LinearToy(np.ones((5, 1)), [2, 3], np.zeros(1))
X = np.eye(5, dtype=np.float32)
POPULATIONS = [
    masked_population(MODEL, X, TARGET, OBJECTIVES["expression"]),
    dense_twin(MODEL, X, TARGET),
]

bad_subsets = pytest.mark.parametrize(
    ("subset", "message"),
    [
        ([5], r"feature 5 is out of range 0\.\.4"),
        ([-1], r"feature -1 is out of range 0\.\.4"),
        ([1, 3, 1], "feature 1 is in the subset more than once"),
    ],
)
each = pytest.mark.parametrize("population", POPULATIONS, ids=["additive", "dense"])


@each
@bad_subsets
def test_bad_subsets(population: MaskedPopulation, subset: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        population.outputs(subset)
    with pytest.raises(ValueError, match=message):
        population.values(subset)
    with pytest.raises(ValueError, match=message):
        population.losses([[0], subset])
    with pytest.raises(ValueError, match=message):
        population.descent(subset)
    with pytest.raises(ValueError, match=message):
        list(population.gradients(subset))
    with pytest.raises(ValueError, match=message):
        population.swap_losses(subset, 0, [2])
    with pytest.raises(ValueError, match=message):
        population.effects(subset=subset)
    with pytest.raises(ValueError, match=message):
        population.added_losses(subset, [2])
    with pytest.raises(ValueError, match=message):
        population.added_losses([2], subset)
    with pytest.raises(ValueError, match=message):
        population.swap_losses([0], 0, subset)


@each
def test_a_candidate_that_is_in_the_rest_is_refused(population: MaskedPopulation) -> None:
    with pytest.raises(ValueError, match="candidate 4 is already in the subset"):
        population.swap_losses([3, 4], 0, [1, 4])
    # The present index is no part of the rest.
    assert len(population.swap_losses([3, 4], 0, [3, 1])) == 2


@given(st.lists(st.integers(-2, 6)))
def test_a_subset_passes_just_where_it_is_one(subset: list[int]) -> None:
    valid = len(set(subset)) == len(subset) and all(0 <= index < 5 for index in subset)
    if valid:
        assert check_subset(subset, 5).tolist() == subset
    else:
        with pytest.raises(ValueError, match="feature"):
            check_subset(subset, 5)


def test_check_swap_takes_the_position_out() -> None:
    rest, tried = check_swap([4, 2, 0], 1, [2, 3], 5)
    assert (rest.tolist(), tried.tolist()) == ([4, 0], [2, 3])


def test_sizes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match=r"inputs have shape \(2, 4\) but must have 5 features"):
        masked_population(MODEL, np.zeros((2, 4)), TARGET, OBJECTIVES["expression"])
    with pytest.raises(ValueError, match=r"perturbation has shape \(4,\) but must have \(5,\)"):
        masked_population(MODEL, X, TARGET, OBJECTIVES["expression"], np.zeros(4))
    with pytest.raises(ValueError, match="boundaries end at 4"):
        AdditiveLayer(torch.zeros(5, 2), torch.zeros(2, 2), np.array([0, 2, 4]))
    with pytest.raises(ValueError, match=r"offset has shape \(1, 2\) but must have \(2, 2\)"):
        AdditiveLayer(torch.zeros(5, 2), torch.zeros(1, 2), np.array([0, 2, 5]))


def test_the_vector_of_a_number_can_be_written_to() -> None:
    vector = perturbation_vector(0.5, 3)
    vector[0] = 2
    assert vector.tolist() == [2, 0.5, 0.5]


def test_the_operator_follows_the_model() -> None:
    for population, kind in zip(POPULATIONS, (AdditivePopulation, DensePopulation), strict=True):
        assert isinstance(population, kind)
    plain = masked_population(torch.nn.Linear(5, 1), X, TARGET, OBJECTIVES["expression"])
    assert isinstance(plain, DensePopulation)
