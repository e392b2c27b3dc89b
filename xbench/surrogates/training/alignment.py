"""The third stage: map one modality's embeddings to the other's (Eq. 5-8).

With the parts of the paper's model that exist only while it is trained (Eq. 3-8).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
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
from xbench.surrogates.training.batches import CellBatch, GeneBatch, PeakBatch
from xbench.surrogates.training.loop import adam
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
        return nn.functional.pad(self.blocks(spread).flatten(0, 1), (0, 1), value=1.0)

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


@dataclass(frozen=True)
class Adversary:
    """Settings of the adversarial terms; the defaults are the protocol's.

    Parameters
    ----------
    weight
        Of the adversarial terms in the generators' loss.
    every
        Steps between two updates of the discriminators.
    learning_rate
        Of the discriminators.
    """

    weight: float = 0.5
    every: int = 5
    learning_rate: float = 1e-4


class Alignment:
    """Losses of the mapping stage.

    The generators are both encoders and both mappings; the decoders stay as the autoencoder
    stages left them. Terms: cycle in the embedding (L1) and in the output, the adversarial one by
    cell type, and, where cells are paired, the translation of each cell, in both too.

    Parameters
    ----------
    model
        Trained autoencoders.
    paired
        Whether the two batches of a step are the same cells.
    adversary
        Settings of the adversarial terms.
    """

    def __init__(self, model: TrainingModel, paired: bool, adversary: Adversary) -> None:
        self.model, self.paired, self.adversary = model, paired, adversary
        surrogate = model.surrogate
        self.to_rna, self.to_atac = surrogate.mapping, model.rna_to_atac
        self.generators = nn.ModuleList(
            [surrogate.encoder, model.rna_encoder, self.to_rna, self.to_atac]
        )
        self._discriminators = nn.ModuleList([model.atac_discriminator, model.rna_discriminator])
        self._optimizer = adam(self._discriminators.parameters(), adversary.learning_rate)
        for decoder in (surrogate.decoder, model.atac_decoder):
            decoder.eval().requires_grad_(False)

    def generator_loss(self, step: int, atac: CellBatch, rna: CellBatch) -> Tensor:
        """Loss of one step; some steps also update the discriminators."""
        model = self.model
        atac_embedding = atac.peaks.embed(model.surrogate.encoder)
        rna_embedding = model.rna_encoder(rna.genes.values)
        mapped_rna, mapped_atac = self.to_rna(atac_embedding), self.to_atac(rna_embedding)
        if step % self.adversary.every == 0:
            self._update_discriminators(
                (atac_embedding, atac.types), (mapped_atac, rna.types),
                (rna_embedding, rna.types), (mapped_rna, atac.types),
            )  # fmt: skip
        loss = nn.functional.l1_loss(self.to_atac(mapped_rna), atac_embedding)
        back = self.to_rna(mapped_atac)
        loss = loss + nn.functional.l1_loss(back, rna_embedding)
        loss = loss + self._gene_loss(back, rna.genes)
        loss = loss + self._peak_loss(self.to_atac(mapped_rna), atac.peaks)
        fooled = _of_type(model.rna_discriminator(mapped_rna), atac.types)
        fooled_too = _of_type(model.atac_discriminator(mapped_atac), rna.types)
        adversarial = (
            nn.functional.softplus(-fooled).mean() + nn.functional.softplus(-fooled_too).mean()
        )
        loss = loss + self.adversary.weight * adversarial
        if self.paired:
            loss = loss + nn.functional.l1_loss(mapped_rna, rna_embedding)
            loss = loss + nn.functional.l1_loss(mapped_atac, atac_embedding)
            loss = loss + self._gene_loss(mapped_rna, atac.genes)
            loss = loss + self._peak_loss(mapped_atac, rna.peaks)
        return loss

    def translation_loss(self, cells: CellBatch) -> float:
        """Error of F on validation cells: what the surrogate is chosen by.

        The balanced squared error of each cell. Where cells are not paired, the squared error of
        the mean of each cell type, which needs to know only the types of both modalities.
        """
        surrogate = self.model.surrogate
        predicted = surrogate.decoder(self.to_rna(cells.peaks.embed(surrogate.encoder)))
        predicted = predicted.clamp_min(0)
        if self.paired:
            return cells.genes.loss(predicted).item()
        ours = _means_by_type(predicted, cells.types)
        return nn.functional.mse_loss(ours, _means_by_type(cells.genes.values, cells.types)).item()

    def _gene_loss(self, embedding: Tensor, genes: GeneBatch) -> Tensor:
        return genes.loss(self.model.surrogate.decoder(embedding))

    def _peak_loss(self, embedding: Tensor, peaks: PeakBatch) -> Tensor:
        return self.model.atac_decoder.loss(embedding, peaks.opened, peaks.closed)

    def _update_discriminators(self, *pairs: tuple[Tensor, Tensor]) -> None:
        """Eq. 6: embeddings of cells are real, mapped ones are not, by cell type."""
        (atac, mapped_atac), (rna, mapped_rna) = pairs[:2], pairs[2:]
        losses = []
        for network, real, false in (
            (self.model.atac_discriminator, atac, mapped_atac),
            (self.model.rna_discriminator, rna, mapped_rna),
        ):
            losses.append(
                nn.functional.softplus(-_of_type(network(real[0].detach()), real[1])).mean()
            )
            losses.append(
                nn.functional.softplus(_of_type(network(false[0].detach()), false[1])).mean()
            )
        self._optimizer.zero_grad(set_to_none=True)
        torch.stack(losses).sum().backward()
        self._optimizer.step()


def _means_by_type(values: Tensor, types: Tensor) -> Tensor:
    """Mean over the cells of each type that occurs, shape (types, n_outputs)."""
    members = nn.functional.one_hot(types.unique(return_inverse=True)[1]).T.to(values.dtype)
    return members @ values / members.sum(dim=1, keepdim=True)


def _of_type(logits: Tensor, types: Tensor) -> Tensor:
    """Logit of each cell's own type, shape (n,)."""
    return logits.gather(1, types[:, None])[:, 0]
