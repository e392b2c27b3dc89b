"""Layers that hold the same small network once for each chromosome, as one stacked tensor.

The paper has 24 of them; stacked, a layer is one batched product instead of 24 calls.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class BlockLinear(nn.Module):
    """One linear map a block: (n, blocks, inputs) -> (n, blocks, outputs)."""

    def __init__(self, n_blocks: int, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(n_inputs)
        self.weight = nn.Parameter(
            torch.empty(n_blocks, n_inputs, n_outputs).uniform_(-bound, bound)
        )
        self.bias = nn.Parameter(torch.empty(n_blocks, n_outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Apply each block's own map."""
        products = torch.baddbmm(self.bias[:, None], x.transpose(0, 1), self.weight)
        return products.transpose(0, 1)


def block_prelu(n_blocks: int) -> nn.PReLU:
    """One learned negative slope a block: PReLU takes dimension 1 as its channels."""
    return nn.PReLU(n_blocks)


class BlockBatchNorm(nn.Module):
    """Batch normalisation of every channel of every block."""

    def __init__(self, n_blocks: int, n_channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(n_blocks * n_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (n, blocks, channels) over n."""
        return self.norm(x.reshape(len(x), -1)).view(x.shape)
