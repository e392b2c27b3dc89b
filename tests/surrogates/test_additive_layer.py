"""The additive layer: dense and sparse sums, and the pointers behind the sparse ones."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from xbench.surrogates import layers
from xbench.surrogates.layers import AdditiveLayer, block_pointers


def layer_of(sizes: list[int], hidden: int, seed: int = 0) -> AdditiveLayer:
    generator = torch.Generator().manual_seed(seed)
    return AdditiveLayer(
        torch.randn(sum(sizes), hidden, generator=generator),
        torch.randn(len(sizes), hidden, generator=generator),
        np.concatenate([[0], np.cumsum(sizes)]),
    )


def sums_by_hand(layer: AdditiveLayer, x: np.ndarray) -> np.ndarray:
    """One multiplication at a time."""
    result = np.repeat(layer.offset.numpy()[None].astype(np.float64), len(x), axis=0)
    for cell, row in enumerate(x):
        for feature, value in enumerate(row):
            block = int(np.searchsorted(layer.boundaries, feature, side="right")) - 1
            result[cell, block] += value * layer.weight[feature].numpy()
    return result


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    sizes=st.lists(st.integers(0, 6), min_size=1, max_size=5).filter(sum),
    n_cells=st.integers(1, 5),
    seed=st.integers(0, 99),
    density=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_dense_and_sparse_sums_are_the_sums(
    sizes: list[int], n_cells: int, seed: int, density: float
) -> None:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n_cells, sum(sizes))) * (
        generator.random((n_cells, sum(sizes))) < density
    )
    x = x.astype(np.float32)
    layer = layer_of(sizes, 3, seed)
    wanted = sums_by_hand(layer, x)
    np.testing.assert_allclose(layer.sums(torch.from_numpy(x)).numpy(), wanted, atol=1e-5)
    np.testing.assert_allclose(layer.sparse_sums(csr_matrix(x)).numpy(), wanted, atol=1e-5)


def test_explicit_zeros_add_nothing() -> None:
    layer = layer_of([2, 1], 4)
    stored = sp.csr_matrix((np.array([0.0, 2, 0]), [0, 1, 2], [0, 3]), shape=(1, 3))
    assert stored.nnz == 3
    torch.testing.assert_close(
        layer.sparse_sums(stored), layer.sums(torch.tensor([[0.0, 2.0, 0.0]]))
    )


def test_sums_are_differentiable_by_the_weights_both_ways() -> None:
    # Training goes through the sparse way; its gradient must be that of the dense one.
    x = (np.random.default_rng(0).random((5, 7)) < 0.5).astype(np.float32)
    gradients = []
    for sparse in (True, False):
        layer = layer_of([3, 0, 4], 2)
        layer.weight.requires_grad_()
        sums = layer.sparse_sums(sp.csr_matrix(x)) if sparse else layer.sums(torch.from_numpy(x))
        (sums**2).sum().backward()
        gradients.append(layer.weight.grad)
    torch.testing.assert_close(gradients[0], gradients[1])


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.integers(1, 4), st.integers(0, 99))
def test_pointers_count_each_blocks_entries(sizes: list[int], n_cells: int, seed: int) -> None:
    x = np.random.default_rng(seed).random((n_cells, sum(sizes))) < 0.4
    boundaries = np.concatenate([[0], np.cumsum(sizes)])
    counts = [int(row[start:stop].sum()) for row in x for start, stop in pairwise(boundaries)]
    pointers = block_pointers(sp.csr_matrix(x), boundaries)
    assert pointers.dtype == np.int64
    assert pointers.tolist() == [0, *np.cumsum(counts).tolist()]


def test_blocks_that_fall_are_refused() -> None:
    with pytest.raises(ValueError, match="boundaries"):
        AdditiveLayer(torch.zeros(2, 1), torch.zeros(3, 1), np.array([0, 2, 1, 2]))


def test_sums_are_the_same_however_many_entries_are_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = sp.random(40, 30, density=0.3, format="csr", dtype=np.float32, random_state=0)
    x.data[:] = 1
    layer = AdditiveLayer(torch.randn(30, 8), torch.randn(2, 8), np.array([0, 11, 30]))
    expected, pointers = layer.sparse_sums(x), block_pointers(x, layer.boundaries)
    monkeypatch.setattr(layers, "TOGETHER", 20)
    assert torch.equal(layer.sparse_sums(x), expected)
    assert np.array_equal(block_pointers(x, layer.boundaries), pointers)
    assert layer.sparse_sums(x[:0]).shape == (0, 2, 8)
