"""FIMAP's network: sparse passes against dense ones."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import nn

from xbench.explainers.perturbation_network import PerturbationNetwork
from xbench.explainers.wide_table import WideTable

from ..toys import random_inputs


def network(seed: int = 0, table: type[nn.Parameter] = nn.Parameter) -> PerturbationNetwork:
    generator = torch.Generator().manual_seed(seed)
    made = PerturbationNetwork(7, 1.5, -2.0, generator, n_hidden=6, table=table)
    with torch.no_grad():  # As if it had learned something.
        made.last.normal_(generator=torch.Generator().manual_seed(1))
        made.biases.normal_(generator=torch.Generator().manual_seed(2))
    return made


@pytest.mark.parametrize("table", [nn.Parameter, WideTable])
def test_sparse_inputs_give_the_entries_of_dense_ones_and_their_gradients(
    table: type[nn.Parameter],
) -> None:
    x = random_inputs(5, 7, binary=False)
    matrix = sp.csr_matrix(x)
    cells, features = (torch.from_numpy(side).long() for side in matrix.nonzero())
    ours, theirs = network(table=table), network()
    dense = theirs(torch.from_numpy(x))[cells, features]
    sparse = ours.at_entries(matrix)
    torch.testing.assert_close(sparse, dense)
    pull = torch.arange(1.0, 1 + matrix.nnz)
    (pull * sparse).sum().backward()
    (pull * dense).sum().backward()
    for name, parameter in ours.named_parameters():
        other = dict(theirs.named_parameters())[name]
        if isinstance(parameter, WideTable):
            assert parameter.grad is None
            assert parameter.factored is not None
            gradient = parameter.factored.dense()
        else:
            assert parameter.grad is not None
            gradient = parameter.grad
        assert gradient.abs().sum() > 0
        torch.testing.assert_close(gradient, other.grad, rtol=1e-4, atol=1e-5)


def test_its_layers_are_the_paper_s() -> None:
    made = PerturbationNetwork(9, 1.0, 0.0, torch.Generator().manual_seed(0))
    sizes = [tuple(parameter.shape) for parameter in made.parameters()]
    # Four hidden layers of 100: one after the table, three more.
    assert sorted(sizes) == sorted([(9, 100), (3, 100, 100), (4, 100), (9, 100)])
    x = torch.rand(2, 9)
    hidden = torch.relu(x @ made.first)
    for weight in made.between:
        hidden = torch.relu(hidden @ weight)
    with torch.no_grad():
        made.last.normal_(generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(made(x), hidden @ made.last.T)


def test_at_first_every_output_is_the_start_and_no_global_number_is_drawn() -> None:
    before = torch.random.get_rng_state()
    made = PerturbationNetwork(4, 1.0, -3.0, torch.Generator().manual_seed(0))
    assert torch.equal(before, torch.random.get_rng_state())
    np.testing.assert_array_equal(made(torch.rand(3, 4)).detach().numpy(), -3.0)
    # A hidden layer neither grows nor shrinks what it is given, whatever the width.
    with torch.no_grad():
        wide = PerturbationNetwork(4000, 4000**0.5, 0.0, torch.Generator().manual_seed(0))
        hidden = wide._hidden(torch.ones(1, 4000) / wide.length @ wide.first)
    assert 0.2 < float(hidden.square().mean()) < 2


def test_on_another_device_tables_are_ordinary_parameters() -> None:
    moved = network(table=WideTable).to("meta")
    assert not isinstance(moved.first, WideTable)
    assert not isinstance(moved.last, WideTable)
    assert isinstance(network(table=WideTable).to("cpu").first, WideTable)
