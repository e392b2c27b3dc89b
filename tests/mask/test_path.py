"""Gradients along the path from p to x: in the hidden sums, densely, and by captum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients as CaptumIntegratedGradients

from xbench.data.dataset import Target
from xbench.mask import MaskedPopulation, masked_population
from xbench.mask.objective import OBJECTIVES

from ..toys import dense_twin, random_cross_modality, random_inputs

# A block without features, one with fewer features than hidden numbers, and larger ones.
SIZES = [40, 0, 3, 25]
D, N = sum(SIZES), 6
TARGET = Target("all", "gene", 0)
MODEL = random_cross_modality(SIZES, decoder_sizes=(8, 9))
P = np.linspace(-0.3, 0.9, D).astype(np.float32)


def both(
    p: Any, binary: bool = True, n_cells: int = N
) -> tuple[MaskedPopulation, MaskedPopulation]:
    x = random_inputs(n_cells, D, binary=binary).astype(np.float32)
    ours = masked_population(MODEL, x, TARGET, OBJECTIVES["expression"], p)
    return ours, dense_twin(MODEL, x, TARGET, perturbation=p)


@pytest.mark.parametrize("p", [0.0, P])
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("absolute", [True, False])
def test_sums_give_what_dense_inputs_give(p: Any, binary: bool, absolute: bool) -> None:
    points = np.random.default_rng(1).random((N, 4))
    weights = np.array([0.1, 0.4, -0.2, 0.7])
    ours, theirs = (
        one.path_attributions(points, weights, absolute=absolute) for one in both(p, binary)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
    rows = np.array([4, 1])
    some, others = (
        one.batch(rows).path_attributions(points[rows], weights, absolute=absolute)
        for one in both(p, binary)
    )
    np.testing.assert_allclose(some, others, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("absolute", [True, False])
def test_captum_says_the_same(absolute: bool) -> None:
    x = torch.from_numpy(random_inputs(N, D).astype(np.float32))
    # captum takes the ends of its rule for the interval from 0 to 1 just so.
    nodes, weights = np.polynomial.legendre.leggauss(8)
    found = both(P)[0].path_attributions((nodes + 1) / 2, weights / 2, absolute=absolute)
    theirs = CaptumIntegratedGradients(MODEL).attribute(
        x, baselines=torch.from_numpy(P)[None], target=0, n_steps=8
    )
    wanted = (theirs.abs() if absolute else theirs).mean(dim=0).detach().numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_noise_has_the_distribution_of_noise_on_every_feature() -> None:
    # So many draws of noise for each cell of each answer.
    points, weights = np.full(4, 0.7), np.full(4, 1 / 4)

    def drawn(population: MaskedPopulation, seed: int, noise: float = 0.5) -> np.ndarray:
        generator = torch.Generator().manual_seed(seed)
        return population.path_attributions(
            points, weights, absolute=False, noise=noise, generator=generator
        )

    ours, theirs = both(0.0, n_cells=60)
    error = np.std([drawn(ours, seed) for seed in range(8)], axis=0)
    one = drawn(ours, 20)
    assert (np.abs(one - drawn(theirs, 21)) < 6 * np.sqrt(2) * error + 1e-6).all()
    # The noise matters.
    plain = drawn(ours, 0, noise=0.0)
    assert (np.abs(plain - one) > 6 * error + 1e-6).any()


@pytest.mark.parametrize(
    ("points", "weights"),
    [(np.zeros(3), np.ones(2)), (np.zeros((N + 1, 2)), np.ones(2)), (np.zeros(1), np.ones((1, 1)))],
)
def test_points_and_weights_must_fit(points: np.ndarray, weights: np.ndarray) -> None:
    for population in both(0.0):
        with pytest.raises(ValueError, match=r"points have shape .* and weights"):
            population.path_attributions(points, weights, absolute=False)
