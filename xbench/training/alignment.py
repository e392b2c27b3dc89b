"""The third stage: map one modality's embeddings to the other's (Eq. 5-8)."""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from xbench.training.balanced import balanced_squared_error, focal_loss
from xbench.training.cells import CellBatch
from xbench.training.loop import adam
from xbench.training.networks import TrainingModel

ADVERSARIAL_WEIGHT = 0.5
DISCRIMINATOR_EVERY = 5
DISCRIMINATOR_LEARNING_RATE = 1e-4


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
    """

    def __init__(self, model: TrainingModel, *, paired: bool = True) -> None:
        self.model, self.paired = model, paired
        surrogate = model.surrogate
        self.to_rna, self.to_atac = surrogate.mapping, model.rna_to_atac
        self.generators = nn.ModuleList(
            [surrogate.encoder, model.rna_encoder, self.to_rna, self.to_atac]
        )
        self._discriminators = nn.ModuleList([model.atac_discriminator, model.rna_discriminator])
        self._optimizer = adam(self._discriminators.parameters(), DISCRIMINATOR_LEARNING_RATE)
        for decoder in (surrogate.decoder, model.atac_decoder):
            decoder.eval().requires_grad_(False)

    def generator_loss(self, step: int, atac: CellBatch, rna: CellBatch) -> Tensor:
        """Loss of one step; every fifth step also updates the discriminators."""
        model = self.model
        atac_embedding = atac.embed(model.surrogate.encoder)
        rna_embedding = model.rna_encoder(rna.genes)
        mapped_rna, mapped_atac = self.to_rna(atac_embedding), self.to_atac(rna_embedding)
        if step % DISCRIMINATOR_EVERY == 0:
            self._update_discriminators(
                (atac_embedding, atac.types), (mapped_atac, rna.types),
                (rna_embedding, rna.types), (mapped_rna, atac.types),
            )  # fmt: skip
        loss = functional.l1_loss(self.to_atac(mapped_rna), atac_embedding)
        back = self.to_rna(mapped_atac)
        loss = loss + functional.l1_loss(back, rna_embedding)
        loss = loss + balanced_squared_error(model.surrogate.decoder(back), rna.gene_entries)
        loss = loss + self._peak_loss(self.to_atac(mapped_rna), atac)
        fooled = _of_type(model.rna_discriminator(mapped_rna), atac.types)
        fooled_too = _of_type(model.atac_discriminator(mapped_atac), rna.types)
        adversarial = functional.softplus(-fooled).mean() + functional.softplus(-fooled_too).mean()
        loss = loss + ADVERSARIAL_WEIGHT * adversarial
        if self.paired:
            loss = loss + functional.l1_loss(mapped_rna, rna_embedding)
            loss = loss + functional.l1_loss(mapped_atac, atac_embedding)
            translated = model.surrogate.decoder(mapped_rna)
            loss = loss + balanced_squared_error(translated, atac.gene_entries)
            loss = loss + self._peak_loss(mapped_atac, rna)
        return loss

    def translation_loss(self, cells: CellBatch) -> float:
        """Balanced squared error of F on paired cells: what the surrogate is chosen by."""
        surrogate = self.model.surrogate
        predicted = surrogate.decoder(self.to_rna(cells.embed(surrogate.encoder)))
        return balanced_squared_error(predicted.clamp_min(0), cells.gene_entries).item()

    def _peak_loss(self, embedding: Tensor, cells: CellBatch) -> Tensor:
        entries = cells.peak_entries
        logits = self.model.atac_decoder(embedding, entries.rows, entries.columns)
        return focal_loss(logits, entries.values)

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


def _of_type(logits: Tensor, types: Tensor) -> Tensor:
    """Logit of each cell's own type, shape (n,)."""
    return logits.gather(1, types[:, None])[:, 0]
