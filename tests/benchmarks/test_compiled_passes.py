"""Compiled passes of SmoothGrad, LIME and relaxed masks against torch's products.

pytest tests/benchmarks/test_compiled_passes.py -s
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from xbench.mask.absolute_sums import absolute_sums
from xbench.mask.sums_of_masks import sums_of_masks

from .side_by_side import side_by_side, timed

# Half of what was measured, or less where a busy machine had it; widths are those of `cis`, and of
# a chromosome of the paper's. Matrices cost three to seven times as much where the C library gives
# their memory back after each, and a half more where it keeps it, as it does now and then.
ABSOLUTE, MASKS = {37: 1.15, 16: 1.15}, {37: 1.3, 16: 1.2}
ABSOLUTE_AT_SIZE, MASKS_AT_SIZE = 3, 2.7


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def compare_absolute(benchmark: Any, features: int, width: int, rounds: int) -> float:
    """Of 256 cells, against 64 of them at a time as a matrix."""
    gradient, weight = numbers(256, width), numbers(features, width, seed=1)

    def by_matrices() -> torch.Tensor:
        parts = [(part @ weight.T).abs_().sum(dim=0) for part in gradient.split(64)]
        return torch.stack(parts).sum(dim=0)

    def ours() -> np.ndarray:
        return absolute_sums(gradient.numpy(), weight.numpy())

    np.testing.assert_allclose(ours(), by_matrices().numpy(), rtol=1e-4)
    return side_by_side(
        benchmark,
        timed(ours),
        timed(by_matrices),
        against="products as matrices",
        size=f"|gradients| of 256 cells, {features:,} features, {width} sums",
        rounds=rounds,
    )


def compare_masks(benchmark: Any, features: int, width: int, rounds: int) -> float:
    """Of 2,048 masks, against a matrix product."""
    masks = np.random.default_rng(0).random((2048, features)) < 0.5
    rows = numbers(features, width)

    def by_product() -> torch.Tensor:
        return torch.from_numpy(masks).float() @ rows

    def ours() -> np.ndarray:
        return sums_of_masks(masks, rows.numpy())

    np.testing.assert_allclose(ours(), by_product().numpy(), atol=1e-3)
    return side_by_side(
        benchmark,
        timed(ours),
        timed(by_product),
        against="a matrix product",
        size=f"2,048 masks of {features:,} features, {width} sums",
        rounds=rounds,
    )


@pytest.mark.parametrize("width", [37, 16])
def test_absolute_gradients_of_a_block(benchmark: Any, width: int) -> None:
    assert compare_absolute(benchmark, 48_000, width, rounds=7) >= ABSOLUTE[width]


@pytest.mark.slow
def test_absolute_gradients_of_all_peaks(benchmark: Any) -> None:
    assert compare_absolute(benchmark, 127_219, 37, rounds=3) >= ABSOLUTE_AT_SIZE


@pytest.mark.parametrize("width", [37, 16])
def test_masks_of_a_cell(benchmark: Any, width: int) -> None:
    assert compare_masks(benchmark, 1200, width, rounds=7) >= MASKS[width]


@pytest.mark.slow
def test_masks_of_a_cell_of_the_papers_size(benchmark: Any) -> None:
    assert compare_masks(benchmark, 4800, 37, rounds=5) >= MASKS_AT_SIZE
