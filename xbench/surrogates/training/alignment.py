"""The third stage: map one modality's embeddings to the other's (Eq. 5-8)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from xbench.surrogates.training.batches import CellBatch, GeneBatch, PeakBatch
from xbench.surrogates.training.loop import adam
from xbench.surrogates.training.networks import TrainingModel


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
        loss = functional.l1_loss(self.to_atac(mapped_rna), atac_embedding)
        back = self.to_rna(mapped_atac)
        loss = loss + functional.l1_loss(back, rna_embedding)
        loss = loss + self._gene_loss(back, rna.genes)
        loss = loss + self._peak_loss(self.to_atac(mapped_rna), atac.peaks)
        fooled = _of_type(model.rna_discriminator(mapped_rna), atac.types)
        fooled_too = _of_type(model.atac_discriminator(mapped_atac), rna.types)
        adversarial = functional.softplus(-fooled).mean() + functional.softplus(-fooled_too).mean()
        loss = loss + self.adversary.weight * adversarial
        if self.paired:
            loss = loss + functional.l1_loss(mapped_rna, rna_embedding)
            loss = loss + functional.l1_loss(mapped_atac, atac_embedding)
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
        return functional.mse_loss(ours, _means_by_type(cells.genes.values, cells.types)).item()

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
            losses.append(functional.softplus(-_of_type(network(real[0].detach()), real[1])).mean())
            losses.append(
                functional.softplus(_of_type(network(false[0].detach()), false[1])).mean()
            )
        self._optimizer.zero_grad(set_to_none=True)
        torch.stack(losses).sum().backward()
        self._optimizer.step()


def _means_by_type(values: Tensor, types: Tensor) -> Tensor:
    """Mean over the cells of each type that occurs, shape (types, n_outputs)."""
    members = functional.one_hot(types.unique(return_inverse=True)[1]).T.to(values.dtype)
    return members @ values / members.sum(dim=1, keepdim=True)


def _of_type(logits: Tensor, types: Tensor) -> Tensor:
    """Logit of each cell's own type, shape (n,)."""
    return logits.gather(1, types[:, None])[:, 0]
