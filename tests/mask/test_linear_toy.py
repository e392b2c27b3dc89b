"""A linear model whose answers are worked out on paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from xbench.data.dataset import Target
from xbench.mask import MaskedPopulation, masked_population
from xbench.mask.objective import OBJECTIVES

from ..toys import LinearToy, dense_twin

# Two outputs over four features in blocks of 1, 0 and 3; two cells.
WEIGHT = np.array([[1.0, 0.0], [2.0, 1.0], [-3.0, 0.0], [4.0, -1.0]])
OFFSET = np.array([10.0, 0.5])
X = np.array([[1.0, 1.0, 0.0, 2.0], [0.0, 1.0, 1.0, 0.0]])
P = np.array([0.0, 1.0, 0.5, -1.0])
GENE, CLASS = Target("a", "gene", 0), Target("8", "3", 0, contrast=1)

Make = Callable[..., MaskedPopulation]


@pytest.fixture(params=["additive", "dense"])
def make(request: pytest.FixtureRequest) -> Make:
    def population(target: Target, objective: str, perturbation: object) -> MaskedPopulation:
        model = LinearToy(WEIGHT, [1, 0, 3], OFFSET)
        if request.param == "additive":
            return masked_population(model, X, target, OBJECTIVES[objective], perturbation)
        return dense_twin(model, X, target, objective, perturbation)

    return population


def test_values_at_zero(make: Make) -> None:
    population = make(GENE, "expression", 0.0)
    # 10 + 1 + 2 + 8 = 21 and 10 + 2 - 3 = 9; without feature 3: 13 and 9.
    np.testing.assert_allclose(population.values(), [21, 9])
    np.testing.assert_allclose(population.values([3]), [13, 9])
    np.testing.assert_allclose(population.values([3, 2, 1, 0]), [10, 10])
    np.testing.assert_allclose(population.losses([[], [3], [3, 2]]), [15, 11, 12.5])


def test_values_at_arbitrary_p(make: Make) -> None:
    population = make(GENE, "expression", P)
    # Masking feature 3 puts -1 there: 13 - 4 = 9 and 9 - 4 = 5. Feature 1 is p already.
    np.testing.assert_allclose(population.values([3]), [9, 5])
    np.testing.assert_allclose(population.values([1]), [21, 9])
    np.testing.assert_allclose(population.values([2]), [19.5, 10.5])


def test_descent_is_the_exact_change_for_a_linear_model(make: Make) -> None:
    # mean over cells of (p - x) w: at p = 0 -1/2, -2, 3/2, -4.
    np.testing.assert_allclose(make(GENE, "expression", 0.0).descent(), [-0.5, -2, 1.5, -4])
    # at P: w0 (-1 + 0) / 2, 2 (0 + 0) / 2, -3 (.5 - .5) / 2, 4 (-3 - 1) / 2.
    np.testing.assert_allclose(make(GENE, "expression", P).descent(), [-0.5, 0, 0, -8])
    # The step of a feature that is masked already is counted from its unmasked value.
    np.testing.assert_allclose(make(GENE, "expression", P).descent([3]), [-0.5, 0, 0, -8])


def test_swap_losses_are_the_losses_of_the_swapped_subsets(make: Make) -> None:
    population = make(GENE, "expression", 0.0)
    # {3} with 1 in turn for 0, 2, 1: means of (12, 9), (13, 12), (11, 7).
    np.testing.assert_allclose(population.swap_losses([3, 1], 1, [0, 2, 1]), [10.5, 12.5, 9])
    np.testing.assert_allclose(population.swap_losses([3], 0, [0]), [14.5])


def test_gradients_are_the_weights(make: Make) -> None:
    for subset in ((), [2]):
        gradients = np.concatenate(list(make(GENE, "expression", P).gradients(subset)))
        np.testing.assert_allclose(gradients, [[1, 2, -3, 4]] * 2)


def test_a_class_is_explained_by_its_log_odds(make: Make) -> None:
    population = make(CLASS, "cross-entropy", 0.0)
    # Second output: .5 + 1 - 2 = -.5 and .5 + 1 = 1.5.
    np.testing.assert_allclose(population.outputs(), [[21, -0.5], [9, 1.5]])
    odds = np.array([21.5, 7.5])
    np.testing.assert_allclose(population.values(), odds)
    np.testing.assert_allclose(population.losses([[]]), np.log1p(np.exp(odds)).mean(), rtol=1e-6)
    # d loss / d odds is the sigmoid; d odds / dx is the difference of the weights.
    slope = 1 / (1 + np.exp(-odds))
    expected = (slope[:, None] * (WEIGHT[:, 0] - WEIGHT[:, 1]) * (0 - X)).mean(axis=0)
    np.testing.assert_allclose(population.descent(), expected, rtol=1e-6)
    # Gradients are those of the number explained, not of its loss.
    gradients = np.concatenate(list(population.gradients()))
    np.testing.assert_allclose(gradients, [[1, 1, -3, 5]] * 2)


def test_cross_entropy_is_minus_log_of_the_contrast_class() -> None:
    logits = torch.tensor([[2.0, -1.0], [-3.0, 0.5], [40.0, 0.0]])
    log_odds = logits[:, 0] - logits[:, 1]
    wanted = torch.nn.functional.cross_entropy(logits, torch.ones(3, dtype=int), reduction="none")
    torch.testing.assert_close(OBJECTIVES["cross-entropy"].loss(log_odds), wanted)
