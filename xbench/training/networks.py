"""The parts of the paper's model that exist only while it is trained (Eq. 3-8)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from xbench.surrogates.blocks import BlockBatchNorm, BlockLinear, block_prelu
from xbench.surrogates.cross_modality import (
    CHROMOSOME_CHANNELS,
    EMBEDDING_DIMENSION,
    CrossModality,
    perceptron,
)
from xbench.surrogates.mapping import MixtureMapping


class AtacDecoder(nn.Module):
    """Embedding to peak logits, evaluated only where asked."""

    def __init__(self, block_sizes: Sequence[int], n_hidden: int = 16) -> None:
        super().__init__()
        n_blocks, n_features = len(block_sizes), int(sum(block_sizes))
        self.n_blocks = n_blocks
        width = n_blocks * CHROMOSOME_CHANNELS
        self.spread = nn.Sequential(nn.Linear(EMBEDDING_DIMENSION, width), nn.BatchNorm1d(width))
        self.blocks = nn.Sequential(
            BlockLinear(n_blocks, CHROMOSOME_CHANNELS, n_hidden),
            BlockBatchNorm(n_blocks, n_hidden),
            block_prelu(n_blocks),
        )
        self.weight = nn.Parameter(torch.randn(n_features, n_hidden) / n_hidden**0.5)
        self.bias = nn.Parameter(torch.zeros(n_features))
        sizes = torch.as_tensor(list(block_sizes))
        self.block_of: Tensor
        self.register_buffer("block_of", torch.repeat_interleave(torch.arange(n_blocks), sizes))

    def forward(self, embedding: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """Logits of the entries (rows, columns), shape (entries,)."""
        spread = self.spread(embedding).view(len(embedding), self.n_blocks, -1)
        hidden = self.blocks(spread).flatten(0, 1)
        # index_select, because the gradient of [rows, columns] depends on the order of threads.
        hidden = hidden.index_select(0, rows * self.n_blocks + self.block_of[columns])
        products = hidden * self.weight.index_select(0, columns)
        return products.sum(dim=1) + self.bias.index_select(0, columns)


def discriminator(n_types: int) -> nn.Sequential:
    """Tell embeddings of cells from mapped ones: one logit a cell type (20-20-10-types)."""
    return nn.Sequential(
        nn.Linear(EMBEDDING_DIMENSION, 20),
        nn.PReLU(),
        nn.Dropout(0.1),
        nn.Linear(20, 10),
        nn.PReLU(),
        nn.Linear(10, n_types),
    )


class TrainingModel(nn.Module):
    """The surrogate and everything that is needed to train it.

    Parameters
    ----------
    block_sizes
        Peaks of each chromosome.
    n_genes, n_types
        Numbers of genes and of cell types.
    """

    def __init__(self, block_sizes: Sequence[int], n_genes: int, n_types: int) -> None:
        super().__init__()
        self.surrogate = CrossModality(block_sizes, n_genes)
        self.atac_decoder = AtacDecoder(block_sizes)
        self.rna_encoder = perceptron([n_genes, 640, 320, EMBEDDING_DIMENSION])
        self.rna_to_atac = MixtureMapping()
        self.atac_discriminator = discriminator(n_types)
        self.rna_discriminator = discriminator(n_types)
