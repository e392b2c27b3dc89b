"""Stacked layers against one plain layer a chromosome."""

from __future__ import annotations

import torch
from torch import nn

from xbench.surrogates.layers import BlockBatchNorm, BlockLinear, block_prelu

BLOCKS = 24


def test_block_linear_is_a_linear_layer_a_block() -> None:
    torch.manual_seed(0)
    stacked = BlockLinear(BLOCKS, 16, 32)
    x = torch.randn(5, BLOCKS, 16)
    out = stacked(x)
    for block in range(BLOCKS):
        plain = nn.Linear(16, 32)
        with torch.no_grad():
            plain.weight.copy_(stacked.weight[block].T)
            plain.bias.copy_(stacked.bias[block])
        torch.testing.assert_close(out[:, block], plain(x[:, block]))


def test_block_linear_starts_as_torch_starts_a_linear_layer() -> None:
    torch.manual_seed(0)
    stacked, plain = BlockLinear(BLOCKS, 16, 32), nn.Linear(16, 32)
    for ours, theirs in ((stacked.weight, plain.weight), (stacked.bias, plain.bias)):
        assert ours.abs().max() <= 0.25
        torch.testing.assert_close(ours.std(), theirs.std(), rtol=0.3, atol=0)


def test_block_batch_norm_is_a_norm_a_block_in_both_modes() -> None:
    torch.manual_seed(0)
    stacked = BlockBatchNorm(BLOCKS, 3)
    plain = [nn.BatchNorm1d(3) for _ in range(BLOCKS)]
    for training in (True, True, False):
        stacked.train(training)
        x = torch.randn(7, BLOCKS, 3) * 2 + 1
        out = stacked(x)
        for block, norm in enumerate(plain):
            norm.train(training)
            torch.testing.assert_close(out[:, block], norm(x[:, block]), rtol=1e-4, atol=1e-5)


def test_block_prelu_has_one_slope_a_block() -> None:
    layer = block_prelu(3)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([0.5, 0.0, 2.0]))
    out = layer(-torch.ones(2, 3, 4))
    torch.testing.assert_close(out, torch.tensor([-0.5, 0, -2.0])[None, :, None].expand(2, 3, 4))
