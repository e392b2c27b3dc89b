"""Sums of absolute products against NumPy's, product by product."""

from __future__ import annotations

import numpy as np
import pytest

from xbench.mask.absolute_sums import CELLS, absolute_sums


@pytest.mark.parametrize("width", [1, 4, 7, 37])
@pytest.mark.parametrize("cells", [0, 1, CELLS, 2 * CELLS + 3])
def test_they_are_those_of_the_whole_matrix(cells: int, width: int) -> None:
    generator = np.random.default_rng(width)
    gradient = generator.normal(size=(cells, 3, width)).astype(np.float32)[:, 1]
    weight = generator.normal(size=(20, width)).astype(np.float32)
    wanted = np.abs(gradient.astype(float) @ weight.T.astype(float)).sum(axis=0)
    np.testing.assert_allclose(absolute_sums(gradient, weight), wanted, rtol=1e-5, atol=1e-6)


def test_a_block_without_features_and_numbers_that_are_none() -> None:
    assert absolute_sums(np.ones((3, 2), np.float32), np.ones((0, 2), np.float32)).shape == (0,)
    gradient = np.array([[1.0, np.nan], [1.0, 1.0]], np.float32)
    found = absolute_sums(gradient, np.ones((2, 2), np.float32))
    assert np.isnan(found).all()
