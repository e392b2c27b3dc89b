"""Sparse products against dense ones, and their gradients against autograd's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import Tensor

from xbench.utils.sparse import WIDE, Pattern, products_at, weighted_sums

from ..toys import messy_csr, random_inputs

# Narrow and wide tables go different ways.
WIDTHS = (4, WIDE + 3)


def posed(
    seed: int = 0, rows: int = 6, columns: int = 9, width: int = 4
) -> tuple[sp.csr_matrix, Tensor, Tensor]:
    """A sparse matrix with an empty row and an empty column, and two tables."""
    generator = torch.Generator().manual_seed(seed)
    tables = (torch.randn(size, width, generator=generator) for size in (rows, columns))
    return sp.csr_matrix(random_inputs(rows, columns, seed, binary=False)), *tables


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("seed", range(3))
def test_weighted_sums_are_a_matrix_product(seed: int, width: int) -> None:
    matrix, pull, table = posed(seed, width=width)
    cells, features = map(torch.from_numpy, matrix.nonzero())
    amounts = torch.from_numpy(matrix.data).requires_grad_()
    table.requires_grad_()
    dense = torch.zeros(matrix.shape).index_put((cells.long(), features.long()), amounts)
    wanted = torch.autograd.grad((pull * (dense @ table)).sum(), (amounts, table))
    sums = weighted_sums(Pattern.of(matrix), amounts, table)
    torch.testing.assert_close(sums, dense @ table)
    got = torch.autograd.grad((pull * sums).sum(), (amounts, table))
    for ours, theirs in zip(got, wanted, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("seed", range(3))
def test_products_are_entries_of_a_matrix_product(seed: int, width: int) -> None:
    matrix, left, right = posed(seed, width=width)
    left.requires_grad_()
    right.requires_grad_()
    cells, features = (torch.from_numpy(side).long() for side in matrix.nonzero())
    spelt_out = (left[cells] * right[features]).sum(dim=1)
    pull = torch.arange(1.0, 1 + matrix.nnz)
    wanted = torch.autograd.grad((pull * spelt_out).sum(), (left, right))
    entries = products_at(Pattern.of(matrix), left, right)
    torch.testing.assert_close(entries, spelt_out)
    got = torch.autograd.grad((pull * entries).sum(), (left, right))
    for ours, theirs in zip(got, wanted, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_order_of_entries_is_that_of_the_pattern(width: int) -> None:
    matrix = messy_csr(random_inputs(5, 9))
    pattern = Pattern.of(matrix)
    _, left, right = posed(rows=5, width=width)
    dense = (left @ right.T).numpy()
    rows = np.repeat(np.arange(5), np.diff(matrix.indptr))
    np.testing.assert_allclose(
        products_at(pattern, left, right).numpy(), dense[rows, matrix.indices], rtol=1e-5
    )
    across, order = pattern.transposed
    np.testing.assert_array_equal(across.indices, rows[order])
    columns = np.repeat(np.arange(9), np.diff(across.pointers))
    np.testing.assert_array_equal(columns, matrix.indices[order])


@pytest.mark.parametrize("width", WIDTHS)
def test_a_pattern_without_entries_gives_zeros(width: int) -> None:
    pattern = Pattern.of(sp.csr_matrix((3, 5), dtype=np.float32))
    amounts = torch.zeros(0, requires_grad=True)
    table = torch.ones(5, width, requires_grad=True)
    sums = weighted_sums(pattern, amounts, table)
    assert sums.shape == (3, width)
    sums.sum().backward()
    assert not sums.any()
    assert amounts.grad is not None
    assert amounts.grad.shape == (0,)
    assert table.grad is not None
    assert not table.grad.any()
    assert products_at(pattern, torch.ones(3, width), torch.ones(5, width)).shape == (0,)
