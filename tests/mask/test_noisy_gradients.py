"""Noise in the hidden sums against noise on every feature."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xbench.data.dataset import Target
from xbench.mask import MaskedPopulation, masked_population
from xbench.mask.noisy_gradients import noisy_sums
from xbench.mask.objective import OBJECTIVES

from ..slow_rest import rest_slow
from ..toys import dense_twin, random_cross_modality, random_inputs

# A block without features, one with fewer features than hidden numbers, and larger ones.
SIZES = [40, 0, 3, 25]
D = sum(SIZES)
TARGET = Target("all", "gene", 0)


def both(n_cells: int = 6) -> tuple[MaskedPopulation, MaskedPopulation]:
    x = random_inputs(n_cells, D)
    model = random_cross_modality(SIZES, decoder_sizes=(8, 9))
    ours = masked_population(model, x, TARGET, OBJECTIVES["expression"])
    return ours, dense_twin(model, x, TARGET)


def averaged(
    population: MaskedPopulation, noise: float, samples: int, *, absolute: bool
) -> np.ndarray:
    generator = torch.Generator().manual_seed(3)
    return population.noisy_gradients(noise, samples, generator, absolute=absolute)


@pytest.mark.parametrize("absolute", [False, True])
def test_without_noise_both_operators_give_the_mean_gradient(absolute: bool) -> None:
    for population in both():
        gradients = np.concatenate(list(population.gradients()))
        wanted = (np.abs(gradients) if absolute else gradients).mean(axis=0)
        found = averaged(population, 0.0, 2, absolute=absolute)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("absolute", rest_slow([False, True], 1))
def test_with_noise_both_operators_estimate_the_same(absolute: bool) -> None:
    # Each copy of each of many cells has noise of its own.
    ours, theirs = both(60)
    # The spread of such a mean, from repeating it with 2 copies each.
    generator = torch.Generator().manual_seed(5)
    parts = [ours.noisy_gradients(0.5, 2, generator, absolute=absolute) for _ in range(20)]
    error = np.std(parts, axis=0) * np.sqrt(2 / 40)
    mean = averaged(ours, 0.5, 40, absolute=absolute)
    difference = mean - averaged(theirs, 0.5, 40, absolute=absolute)
    assert (np.abs(difference) < 6 * np.sqrt(2) * error + 1e-7).all()
    # The noise matters: this is not the gradient at the cells themselves.
    plain = averaged(ours, 0.0, 1, absolute=absolute)
    assert (np.abs(plain - mean) > 6 * error).any()


def test_the_noise_of_the_sums_has_the_covariance_of_noise_on_every_feature() -> None:
    layer = random_cross_modality(SIZES, decoder_sizes=(8, 9)).additive_layer()
    sums = torch.zeros(2000, layer.n_blocks, layer.weight.shape[1])
    (drawn,) = noisy_sums(layer, sums, 0.3, 1, torch.Generator().manual_seed(0))
    for block, (start, stop) in enumerate(
        zip(layer.boundaries, layer.boundaries[1:], strict=False)
    ):
        weight = layer.weight[start:stop]
        wanted = 0.09 * (weight.T @ weight).numpy()
        found = np.cov(drawn[:, block].T.numpy())
        # A covariance of normal numbers has a standard error of about its scale / sqrt(n).
        scale = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
        assert (np.abs(found - wanted) <= 6 * scale * np.sqrt(2 / 2000)).all()
    # Blocks are independent of each other.
    across = np.corrcoef(drawn[:, 0, 0].numpy(), drawn[:, 3, 0].numpy())[0, 1]
    assert abs(across) < 6 / np.sqrt(2000)
