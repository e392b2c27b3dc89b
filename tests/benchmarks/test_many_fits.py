"""LIME's fits of many cells at once against one Cholesky factor for each.

pytest tests/benchmarks/test_many_fits.py -s
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xbench.explainers.local_models import SharedMasks

from .side_by_side import side_by_side, timed

# About half of what was measured.
SMALL_RATIO, RATIO = 1.2, 3


def compare(benchmark: Any, neighbours: int, widths: list[int], rounds: int) -> float:
    generator = np.random.default_rng(0)
    each, many = (
        SharedMasks(neighbours, max(widths), np.random.default_rng(1), kernel_width=0.25)
        for _ in range(2)
    )
    values = [
        np.tanh(each.present[:, :width] @ generator.normal(size=width) / np.sqrt(width))
        for width in widths
    ]

    def one_by_one() -> list[np.ndarray]:
        # Either way makes the product of the masks that all cells share again in each round.
        each.coefficients(values[0], 1)
        return [each.coefficients(of, width) for of, width in zip(values, widths, strict=True)]

    def at_once() -> list[np.ndarray]:
        many.coefficients(values[0], 1)
        return many.coefficients_of_many(values, widths)

    found, wanted = at_once(), one_by_one()
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5 * np.abs(theirs).max())
    return side_by_side(
        benchmark,
        timed(at_once),
        timed(one_by_one),
        against="a Cholesky factor for each",
        size=f"{len(widths)} cells, {neighbours:,} neighbours, {max(widths):,} features",
        rounds=rounds,
    )


def test_small_cells(benchmark: Any) -> None:
    assert compare(benchmark, 512, list(range(1100, 1140, 2)), rounds=3) >= SMALL_RATIO


@pytest.mark.slow
def test_cells_of_the_papers_size(benchmark: Any) -> None:
    assert compare(benchmark, 2048, list(range(4600, 4725, 5)), rounds=1) >= RATIO
