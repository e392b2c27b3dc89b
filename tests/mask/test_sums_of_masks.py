"""Looked-up sums of masks against a matrix product."""

from __future__ import annotations

import numpy as np
import pytest

from xbench.mask.sums_of_masks import MANY, TOGETHER, sums_of_masks


@pytest.mark.parametrize("width", [1, 8, 37])
@pytest.mark.parametrize("features", [0, 1, 8, 43])
@pytest.mark.parametrize("masks", [1, MANY + 5])
def test_they_are_a_matrix_product(masks: int, features: int, width: int) -> None:
    generator = np.random.default_rng(features)
    chosen = generator.random((masks, features)) < 0.5
    rows = generator.normal(size=(features, width)).astype(np.float32)
    found = sums_of_masks(chosen, rows)
    assert (found.shape, found.dtype) == ((masks, width), np.float32)
    np.testing.assert_allclose(found, chosen @ rows.astype(float), rtol=0, atol=1e-5)


def test_masks_are_cut_into_pieces_that_change_nothing() -> None:
    generator = np.random.default_rng(0)
    # A part of a larger array, and more masks than are taken at once.
    chosen = generator.random((TOGETHER // 37 + 11, 30))[:, 3:22] < 0.3
    rows = generator.normal(size=(19, 37)).astype(np.float32)
    found = sums_of_masks(chosen, rows)
    np.testing.assert_allclose(found, chosen @ rows.astype(float), rtol=0, atol=1e-5)
    np.testing.assert_array_equal(found[-300:], sums_of_masks(chosen[-300:], rows))
