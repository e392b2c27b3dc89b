"""The compiled pass over entries against the product of dense matrices, whatever the tiles."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.mask import descent_of_entries as module
from xbench.mask.descent_of_entries import TiledEntries, descent_of_entries


# The first example may have to wait for the compiler.
@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=4),
    st.integers(1, 19),
    st.integers(1, 5),
    st.booleans(),
    st.integers(0, 99),
)
def test_it_is_the_dense_product(
    sizes: list[int], width: int, tile: int, binary: bool, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    d, n = sum(sizes), 6
    x = (generator.random((n, d)) < 0.5).astype(np.float32)
    if not binary:
        x *= generator.normal(size=(n, d)).astype(np.float32)
    inputs = sp.csr_matrix(x)
    boundaries = np.concatenate([[0], np.cumsum(sizes)])
    rows = generator.choice(n, 4)  # a cell may be taken twice
    gradient = generator.normal(size=(4, len(sizes), width)).astype(np.float32)
    weight = generator.normal(size=(d, width)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TILE_BYTES", 4 * tile * module.padded(width))
        tiles = TiledEntries.of(inputs, boundaries, width)
    assert np.diff(tiles.edges).max(initial=0) <= tile
    found = descent_of_entries(inputs, tiles, rows, gradient, weight, binary=binary)
    block_of = np.repeat(np.arange(len(sizes)), sizes)
    wanted = -np.einsum("cj,cjh,jh->j", x[rows], gradient[:, block_of], weight)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_what_is_not_a_number_stays_so() -> None:
    inputs = sp.csr_matrix(np.eye(3, dtype=np.float32))
    tiles = TiledEntries.of(inputs, np.array([0, 3]), 1)
    gradient = np.array([[[1]], [[np.nan]], [[np.inf]]], dtype=np.float32)
    weight = np.ones((3, 1), dtype=np.float32)
    found = descent_of_entries(inputs, tiles, np.arange(3), gradient, weight, binary=True)
    np.testing.assert_array_equal(found, [-1, np.nan, -np.inf])
