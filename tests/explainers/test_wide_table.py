"""Wide tables whose gradients stay factored, against torch's own gradients and its Adam."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.explainers.wide_table import (
    Entries,
    WideTable,
    divided,
    numbers_at,
    products_at_entries,
)

BETAS = (0.9, 0.99)


def matrix(seed: int, n_cells: int = 5, n_features: int = 12) -> sp.csr_matrix:
    """Some cells and features without an entry."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n_cells, n_features)) * (
        generator.random((n_cells, n_features)) < 0.4
    )
    x[2] = 0
    x[:, 7] = 0
    return sp.csr_matrix(x.astype(np.float32))


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("width", [1, 6, 100])
def test_sums_and_products_are_those_of_dense_matrices(width: int) -> None:
    x = matrix(0)
    entries, weight, left = Entries.of(x), numbers(12, width), numbers(5, width, seed=1)
    table = WideTable(weight.clone())
    dense = torch.from_numpy(x.toarray())
    torch.testing.assert_close(table.sums(entries, torch.from_numpy(x.data)), dense @ weight)
    whole = left @ weight.T
    cells, features = x.nonzero()
    torch.testing.assert_close(table.products(entries, left), whole[cells, features])


def test_learning_is_that_of_dense_gradients_and_torch_s_adam() -> None:
    ours = [WideTable(numbers(12, 6)), WideTable(numbers(12, 6, seed=1))]
    theirs = [nn.Parameter(one.detach().clone()) for one in ours]
    optimizer = torch.optim.Adam(theirs, 0.1, betas=BETAS)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, 20)
    wanted = numbers(12, seed=2)
    for step in range(20):
        # Other cells in each step: rows without an entry move by what they remember.
        x = matrix(step)
        cells, features = (torch.from_numpy(side).long() for side in x.nonzero())
        amounts, pull = torch.from_numpy(x.data), wanted[features]
        rate = float(schedule.get_last_lr()[0])
        entries = Entries.of(x)
        products = ours[1].products(entries, torch.tanh(ours[0].sums(entries, amounts)))
        (products - pull).square().sum().backward()
        for table in ours:
            table.step(rate, BETAS)
            assert table.factored is None
        hidden = torch.tanh(torch.from_numpy(x.toarray()) @ theirs[0])
        optimizer.zero_grad()
        ((hidden @ theirs[1].T)[cells, features] - pull).square().sum().backward()
        optimizer.step()
        schedule.step()
        for our, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(our.detach(), other.detach(), rtol=2e-4, atol=2e-4)
    assert (ours[0].detach() - numbers(12, 6)).abs().max() > 0.5


def test_a_step_without_a_gradient_changes_nothing_and_a_second_use_is_refused() -> None:
    table, entries = WideTable(numbers(12, 3)), Entries.of(matrix(1))
    table.step(0.1, BETAS)
    torch.testing.assert_close(table.detach(), numbers(12, 3))
    first, second = (table.products(entries, numbers(5, 3)).sum() for _ in range(2))
    first.backward()
    with pytest.raises(RuntimeError, match="used twice before its step"):
        second.backward()


def test_tables_are_told_from_other_parameters() -> None:
    table, other = WideTable(numbers(2, 3)), nn.Parameter(numbers(2, 3))
    tables, others = divided([other, table])
    assert tables[0] is table
    assert others[0] is other
    assert (len(tables), len(others)) == (1, 1)


def test_an_ordinary_table_has_a_dense_gradient() -> None:
    x = matrix(3)
    cells, features = (torch.from_numpy(side).long() for side in x.nonzero())
    pull = numbers(x.nnz, seed=4)
    found = []
    for ours in (True, False):
        table, left, more = (numbers(*shape).requires_grad_() for shape in ((12, 6), (5, 6), (12,)))
        if ours:
            products = products_at_entries(table, Entries.of(x), left)
            products = products + numbers_at(more, x.indices)
        else:
            products = (left @ table.T)[cells, features] + more[features]
        (products * pull).sum().backward()
        found.append((products.detach(), table.grad, left.grad, more.grad))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)
