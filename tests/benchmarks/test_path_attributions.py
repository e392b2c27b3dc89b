"""Integrated gradients in the hidden sums against captum's, which takes every point densely.

pytest tests/benchmarks/test_path_attributions.py -s
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients

from xbench.mask.dense import dense_chunks

from .paper_size import TARGET, ByProducts, Case, make_case
from .side_by_side import side_by_side, timed

POINTS = 8
# About half of what was measured.
SMALL_RATIO, RATIO = 2, 20


def compare(benchmark: Any, case: Case, cells: int, rounds: int) -> float:
    ours = case.ours().batch(np.arange(cells))
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    # By products, not by the module's own forward: what a frugal user of captum would explain.
    theirs = IntegratedGradients(ByProducts(case.model))
    baseline = torch.zeros(1, case.inputs.shape[1])

    def in_sums() -> np.ndarray:
        return ours.path_attributions((nodes + 1) / 2, weights / 2, absolute=False)

    def dense() -> np.ndarray:
        total = np.zeros(case.inputs.shape[1])
        for x in dense_chunks(case.inputs[:cells]):
            found = theirs.attribute(
                x, baseline, target=TARGET, n_steps=POINTS, internal_batch_size=len(x)
            )
            total += found.detach().sum(dim=0).numpy()
        return total / cells

    np.testing.assert_allclose(in_sums(), dense(), rtol=1e-2, atol=1e-6)
    return side_by_side(
        benchmark,
        timed(in_sums),
        timed(dense),
        against="captum on dense inputs",
        size=f"{cells} cells, {POINTS} points, {case.inputs.shape[1]:,} peaks",
        rounds=rounds,
    )


def test_points_at_a_hundredth_of_the_papers_size(benchmark: Any) -> None:
    assert compare(benchmark, make_case(1 / 100), 256, rounds=5) >= SMALL_RATIO


@pytest.mark.slow
def test_points_at_the_papers_size(benchmark: Any) -> None:
    assert compare(benchmark, make_case(), 64, rounds=3) >= RATIO
