"""The ATAC autoencoder as the paper writes it, to time and to check a training step against.

Every peak of every cell is looked up in an embedding of two categories, closed and open, and every
peak's logit is computed; nothing is sparse.
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from xbench.surrogates.training.alignment import AtacDecoder, TrainingModel
from xbench.surrogates.training.batches import PeakBatch


class DenseAutoencoder(nn.Module):
    """The same networks and the same loss as ours, on dense peaks.

    Parameters
    ----------
    model
        Whose weights are copied: its encoder and its decoder of peaks.
    """

    def __init__(self, model: TrainingModel) -> None:
        super().__init__()
        encoder = model.surrogate.encoder
        closed = torch.zeros_like(encoder.weight)
        table = torch.stack([closed, encoder.weight.detach()], dim=1).flatten(0, 1)
        self.embedding = nn.Embedding.from_pretrained(table, freeze=False)
        self.encoder, self.decoder = encoder, model.atac_decoder
        self.sizes = encoder.block_sizes
        self.weight = nn.Parameter(self.decoder.weight.detach().clone())

    def forward(self, x: Tensor, chosen: Tensor) -> Tensor:
        """Mean focal loss at the chosen entries.

        Parameters
        ----------
        x
            0 or 1, int64, shape (n, d).
        chosen
            Whether an entry counts, shape (n, d).
        """
        looked_up = self.embedding(x + 2 * torch.arange(x.shape[1]))
        sums = torch.stack([part.sum(dim=1) for part in looked_up.split(self.sizes, dim=1)], dim=1)
        hidden = self.decoder(self.encoder(sums)).view(len(x), len(self.sizes), -1)
        weights = self.weight.split(self.sizes)
        logits = torch.cat([hidden[:, block] @ own.T for block, own in enumerate(weights)], dim=1)
        return focal(logits[chosen], x[chosen].float())


def focal(logits: Tensor, labels: Tensor) -> Tensor:
    """Focal loss with gamma 2, by autograd."""
    cross_entropy = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return ((1 - torch.exp(-cross_entropy)) ** 2 * cross_entropy).mean()


def sparse_loss(model: TrainingModel, peaks: PeakBatch) -> Tensor:
    """Our loss of the same batch."""
    decoder: AtacDecoder = model.atac_decoder
    return decoder.loss(peaks.embed(model.surrogate.encoder), peaks.opened, peaks.closed)
