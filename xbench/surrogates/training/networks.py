"""The parts of the paper's model that exist only while it is trained (Eq. 3-8)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from xbench.surrogates.cross_modality_network import (
    CHROMOSOME_CHANNELS,
    EMBEDDING_DIMENSION,
    CrossModalityNetwork,
    MixtureMapping,
    perceptron,
)
from xbench.surrogates.layers import BlockBatchNorm, BlockLinear, block_prelu
from xbench.surrogates.training.balanced import focal_reconstruction
from xbench.utils.sparse import Pattern


class AtacDecoder(nn.Module):
    """Embedding to peak logits, which are evaluated only where a loss asks for them.

    The last column of `weight` is a peak's bias: its logit is the product of its row with its
    chromosome's hidden numbers and a 1.
    """

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
        weight = torch.randn(n_features, n_hidden) / n_hidden**0.5
        self.weight = nn.Parameter(torch.cat([weight, torch.zeros(n_features, 1)], dim=1))

    def forward(self, embedding: Tensor) -> Tensor:
        """Hidden numbers of each (cell, chromosome) and a 1, shape (n * blocks, hidden + 1)."""
        spread = self.spread(embedding).view(len(embedding), self.n_blocks, -1)
        return functional.pad(self.blocks(spread).flatten(0, 1), (0, 1), value=1.0)

    def loss(self, embedding: Tensor, opened: Pattern, closed: Pattern) -> Tensor:
        """Mean focal loss at the open peaks and at the sampled closed ones."""
        return focal_reconstruction(self(embedding), self.weight, opened, closed)


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
    surrogate
        What is kept of it, untrained.
    block_sizes
        Peaks of each chromosome.
    n_genes, n_types
        Numbers of genes and of cell types.
    """

    def __init__(
        self,
        surrogate: CrossModalityNetwork,
        block_sizes: Sequence[int],
        n_genes: int,
        n_types: int,
    ) -> None:
        super().__init__()
        self.surrogate = surrogate
        self.atac_decoder = AtacDecoder(block_sizes)
        self.rna_encoder = perceptron([n_genes, 640, 320, EMBEDDING_DIMENSION])
        self.rna_to_atac = MixtureMapping()
        self.atac_discriminator = discriminator(n_types)
        self.rna_discriminator = discriminator(n_types)
