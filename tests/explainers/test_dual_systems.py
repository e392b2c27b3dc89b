"""Fits of many cells at once against one system after the other."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from xbench.explainers.local_models import ALIKE, SharedMasks
from xbench.explainers.many_fits import DualSystems

NEIGHBOURS = 120


def values_of(masks: SharedMasks, widths: list[int], seed: int = 0) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [
        np.tanh(masks.present[:, :width] @ generator.normal(size=width) / np.sqrt(width))
        for width in widths
    ]


@pytest.mark.parametrize(
    "widths",
    [
        [1, 1, 1],
        # Fewer features than neighbours, as many, and many more, in one question.
        [3, 30, 31, 90, 118, 120, 121, 125, 400, 401, 430, 900],
        [300] * 4,
    ],
    ids=["narrow", "all kinds", "alike"],
)
def test_they_are_those_of_one_cell_after_the_other(widths: list[int]) -> None:
    each, many = (
        SharedMasks(NEIGHBOURS, max(widths), np.random.default_rng(1), kernel_width=0.25)
        for _ in range(2)
    )
    values = values_of(each, widths)
    with threadpool_limits(1):
        found = many.coefficients_of_many(values, widths)
        for ours, of, width in zip(found, values, widths, strict=True):
            wanted = each.coefficients(of, width)
            assert ours.shape == (width,)
            np.testing.assert_allclose(ours, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())


def test_what_no_round_solves_gets_a_factor_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xbench.explainers.many_fits.STEPS", 1)
    monkeypatch.setattr("xbench.explainers.many_fits.ROUNDS", 1)
    masks = np.random.default_rng(0).integers(0, 2, (40, 30)).astype(float)
    weights = np.random.default_rng(1).uniform(0.5, 1, (40, 3))
    systems = DualSystems(
        masks[:, :10] @ masks[:, :10].T, masks[:, 10:], np.array([0, 9, 20]), weights
    )
    wanted = np.random.default_rng(2).normal(size=(40, 3))
    found = systems.solved(wanted)
    for cell in range(3):
        np.testing.assert_allclose(
            systems.matrix(cell) @ found[:, cell], wanted[:, cell], atol=1e-8
        )


def test_rounds_in_single_precision_leave_a_residual_of_double() -> None:
    masks = SharedMasks(NEIGHBOURS, 400, np.random.default_rng(1), kernel_width=0.25)
    design = masks.present.astype(float)
    weights = np.random.default_rng(1).uniform(0.5, 1, (NEIGHBOURS, 3))
    counts = np.array([0, int((ALIKE - 1) * 250), 150])
    systems = DualSystems(design[:, :250] @ design[:, :250].T, design[:, 250:], counts, weights)
    wanted = np.random.default_rng(2).normal(size=(NEIGHBOURS, 3))
    found = systems.solved(wanted)
    for cell in range(3):
        left = systems.matrix(cell) @ found[:, cell] - wanted[:, cell]
        assert np.linalg.norm(left) < 1e-9 * np.linalg.norm(wanted[:, cell])
