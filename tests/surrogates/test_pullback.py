"""Gradients by hand are those of autograd."""

from __future__ import annotations

import pytest
import torch

from xbench.surrogates.surrogate import Surrogate

from ..toys import random_cross_modality


@pytest.mark.parametrize("outputs", [[4], [0, 3, 3]])
def test_a_frozen_network_takes_gradients_back_as_autograd_does(outputs: list[int]) -> None:
    model = random_cross_modality([5, 0, 7], seed=2).frozen()
    layer = model.additive_layer()
    generator = torch.Generator().manual_seed(0)
    sums = 3 * torch.randn(40, layer.n_blocks, layer.weight.shape[1], generator=generator)
    wanted = torch.tensor(outputs)
    given = torch.randn(40, len(outputs), generator=generator)
    by_hand, back = model.pullback(sums, wanted)
    by_autograd, back_by_autograd = Surrogate.pullback(model, sums, wanted)
    torch.testing.assert_close(by_hand, by_autograd)
    assert (by_hand == 0).any() or (by_hand > 0).all()
    gradient = back_by_autograd(given)
    assert gradient.abs().max() > 0
    torch.testing.assert_close(back(given), gradient, rtol=1e-4, atol=1e-6)


def test_a_network_that_is_trained_keeps_its_graph() -> None:
    model = random_cross_modality([5, 7], seed=2)
    layer = model.additive_layer()
    sums = torch.randn(3, 2, layer.weight.shape[1], generator=torch.Generator().manual_seed(0))
    found, back = model.pullback(sums, torch.tensor([1]))
    wanted, back_by_autograd = Surrogate.pullback(model, sums, torch.tensor([1]))
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(back(torch.ones(3, 1)), back_by_autograd(torch.ones(3, 1)))
