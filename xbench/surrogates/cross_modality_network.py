"""The network of the paper's surrogate: chromatin peaks to gene expression (Eq. 3-10).

The mapping between the two modalities' embeddings (paper, Eq. 5).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self, cast

import numpy as np
import torch
from torch import Tensor, nn

from xbench.surrogates.layers import (
    AdditiveLayer,
    BlockBatchNorm,
    BlockLinear,
    block_prelu,
    folded,
    scale_and_shift,
)
from xbench.surrogates.surrogate import Surrogate

CHROMOSOME_CHANNELS = 32
EMBEDDING_DIMENSION = 20
# Rows from which on it pays to look for what does not change from one to the next.
IN_ORDER = 1024


class AtacEncoder(nn.Module):
    """Peaks to an embedding: embed, sum by chromosome, one small network a chromosome, mix.

    A peak's closed and open embeddings enter the sum as ``closed_j + x_j (open_j - closed_j)``,
    so only the difference is kept a peak (`weight`) and the closed ones are one sum a
    chromosome (`offset`).
    """

    def __init__(self, block_sizes: Sequence[int], n_hidden: int = 16) -> None:
        super().__init__()
        n_blocks, n_features = len(block_sizes), int(sum(block_sizes))
        self.block_sizes = [int(size) for size in block_sizes]
        self.boundaries = np.concatenate([[0], np.cumsum(self.block_sizes)]).astype(np.int64)
        self.weight = nn.Parameter(torch.randn(n_features, n_hidden))
        self.offset: Tensor
        self.register_buffer("offset", torch.zeros(n_blocks, n_hidden))
        self.blocks = nn.Sequential(
            BlockBatchNorm(n_blocks, n_hidden),
            block_prelu(n_blocks),
            BlockLinear(n_blocks, n_hidden, CHROMOSOME_CHANNELS),
            BlockBatchNorm(n_blocks, CHROMOSOME_CHANNELS),
            block_prelu(n_blocks),
        )
        self.mix = nn.Sequential(
            nn.Linear(n_blocks * CHROMOSOME_CHANNELS, EMBEDDING_DIMENSION),
            nn.Linear(EMBEDDING_DIMENSION, EMBEDDING_DIMENSION),
        )

    def layer(self) -> AdditiveLayer:
        """Return the additive layer over the live parameters (gradients flow in training)."""
        return AdditiveLayer(self.weight, self.offset, self.boundaries)

    def normalise_sums(self) -> None:
        """Move the first normalisation, fixed in a frozen model, into the sums themselves."""
        first = self.blocks[0]
        if not isinstance(first, BlockBatchNorm):  # frozen already
            return
        scale, shift = (part.view(self.offset.shape) for part in scale_and_shift(first.norm))
        sizes = torch.as_tensor(self.block_sizes, device=scale.device)
        each = torch.repeat_interleave(scale, sizes, dim=0)
        self.weight = nn.Parameter((self.weight * each).detach())
        self.offset = (self.offset * scale + shift).detach()
        self.blocks = nn.Sequential(*list(self.blocks)[1:])

    @property
    def is_folded(self) -> bool:
        """Whether normalisations are folded and one linear layer is left after the blocks."""
        return len(self.blocks) == 3 and len(self.mix) == 1

    def parts(self, sums: Tensor, blocks: Tensor | None = None) -> Tensor:
        """What each block adds to the embedding before its bias; only of a folded encoder.

        Parameters
        ----------
        sums
            Shape (n, k, hidden).
        blocks
            Block of each of the k, shape (k,); all blocks in order where None.
        """
        first, linear, second = (cast(Any, layer) for layer in self.blocks)
        chosen: Any = slice(None) if blocks is None else blocks
        mix = cast(nn.Linear, self.mix[0]).weight.view(EMBEDDING_DIMENSION, -1, CHROMOSOME_CHANNELS)
        hidden = nn.functional.prelu(sums, first.weight[chosen]).transpose(0, 1)
        hidden = torch.baddbmm(linear.bias[chosen][:, None], hidden, linear.weight[chosen])
        hidden = nn.functional.prelu(hidden.transpose(0, 1), second.weight[chosen]).transpose(0, 1)
        return torch.bmm(hidden, mix[:, chosen].permute(1, 2, 0)).transpose(0, 1)

    def forward(self, sums: Tensor) -> Tensor:
        """Embed hidden sums (n, blocks, hidden) as (n, embedding)."""
        return self.mix(self.blocks(sums).flatten(1))


def perceptron(sizes: Sequence[int]) -> nn.Sequential:
    """Linear layers with BatchNorm and PReLU between (the RNA encoder and decoder)."""
    layers: list[nn.Module] = []
    for position, (n_inputs, n_outputs) in enumerate(pairwise(sizes)):
        if position:
            layers += [nn.BatchNorm1d(n_inputs), nn.PReLU()]
        layers.append(nn.Linear(n_inputs, n_outputs))
    return nn.Sequential(*layers)


class CrossModalityNetwork(Surrogate):
    """F(x) = max(0, decode_rna(map(encode_atac(x)))), in log1p units (Eq. 10).

    Parameters
    ----------
    block_sizes
        Peaks of each chromosome, in the order of the peaks.
    n_outputs
        Number of genes.
    decoder_sizes
        Hidden layers of the RNA decoder (protocol: 320, 640).
    n_hidden
        Size of a peak's embedding (protocol: 16).
    n_mixed, n_gate
        Sizes inside the mapping (protocol: 9 and 128).

    Examples
    --------
    >>> surrogate = CrossModalityNetwork([30, 20], n_outputs=5).frozen()
    >>> surrogate(torch.zeros(2, 50)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        block_sizes: Sequence[int],
        n_outputs: int,
        decoder_sizes: Sequence[int] = (320, 640),
        n_hidden: int = 16,
        n_mixed: int = 9,
        n_gate: int = 128,
    ) -> None:
        super().__init__()
        self.encoder = AtacEncoder(block_sizes, n_hidden)
        self.mapping = MixtureMapping(EMBEDDING_DIMENSION, n_mixed, n_gate)
        self.decoder = perceptron([EMBEDDING_DIMENSION, *decoder_sizes, n_outputs])
        self._in_order: dict[int, Any] = {}
        self._configuration = {
            "block_sizes": self.encoder.block_sizes,
            "n_outputs": n_outputs,
            "decoder_sizes": list(decoder_sizes),
            "n_hidden": n_hidden,
            "n_mixed": n_mixed,
            "n_gate": n_gate,
        }

    def additive_layer(self) -> AdditiveLayer:
        """Return the sums of peak embeddings by chromosome."""
        encoder = self.encoder
        return AdditiveLayer(encoder.weight.detach(), encoder.offset.detach(), encoder.boundaries)

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Expression from hidden sums; only the wanted genes' rows of the decoder are used."""
        return self._decode(self.encoder(sums), outputs)

    @property
    def splits_by_block(self) -> bool:
        """Whether this is a frozen model, whose chromosomes do not meet before one linear layer."""
        return self.encoder.is_folded

    def parts(self, sums: Tensor, blocks: Tensor | None = None) -> Tensor:
        """What each chromosome adds to the embedding, shape (n, k, 20)."""
        return self.encoder.parts(sums, blocks)

    def head(self, total: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Expression from the summed parts of the chromosomes."""
        return self._decode(total + cast(nn.Linear, self.encoder.mix[0]).bias, outputs)

    def head_in_order(self, total: Tensor, outputs: Tensor | None = None) -> Tensor:
        """The same, without the units that cannot change sides from row to row."""
        one = outputs is not None and len(outputs) == 1 and total.device.type == "cpu"
        if not one or len(total) < IN_ORDER or not self.encoder.is_folded:
            return self.head(total, outputs)
        # Imported here: what it needs takes half a second.
        from xbench.surrogates.rows_in_order import OrderedHead

        output = int(cast(Tensor, outputs)[0])
        if output not in self._in_order:
            self._in_order[output] = OrderedHead.of(self.mapping, self.decoder, output)
        quick = self._in_order[output]
        if quick is None:
            return self.head(total, outputs)
        embeddings = total + cast(nn.Linear, self.encoder.mix[0]).bias
        return torch.from_numpy(quick(embeddings.numpy()))[:, None]

    def make_ready(self) -> None:
        """Compile what `head_in_order` needs."""
        if self.encoder.is_folded:
            total = torch.zeros(IN_ORDER, EMBEDDING_DIMENSION, device=self.encoder.offset.device)
            self.head_in_order(total, torch.zeros(1, dtype=torch.int64))

    def _decode(self, embedding: Tensor, outputs: Tensor | None) -> Tensor:
        hidden = self.decoder[:-1](self.mapping(embedding))
        last = cast(nn.Linear, self.decoder[-1])
        if outputs is None:
            return last(hidden).clamp_min(0)
        chosen = nn.functional.linear(hidden, last.weight[outputs], last.bias[outputs])
        return chosen.clamp_min(0)

    def forward(self, x: Tensor) -> Tensor:
        """Expression of dense inputs, written as the paper does: every peak embedded, then summed.

        The embeddings of shape (n, n_features, hidden) exist here in full. This is the plain
        definition that the mask operator is tested against, and its dense baseline.
        """
        embedded = x[:, :, None] * self.encoder.weight
        blocks = embedded.split(self.encoder.block_sizes, dim=1)
        sums = torch.stack([block.sum(dim=1) for block in blocks], dim=1)
        return self.tail(sums + self.encoder.offset)

    def frozen(self) -> Self:
        """Return a copy for evaluation, batch normalisations folded into the linear layers."""
        copied = copy.deepcopy(self).eval()
        copied.encoder.normalise_sums()
        copied.encoder.blocks = folded(copied.encoder.blocks)
        copied.encoder.mix = folded(copied.encoder.mix)
        copied.decoder = folded(copied.decoder)
        for parameter in copied.parameters():
            parameter.requires_grad_(False)
        return copied

    def configuration(self) -> dict[str, object]:
        """Sizes of all layers."""
        return dict(self._configuration)


N_LAYERS = 3


class MixtureMapping(nn.Module):
    """Affine layers whose matrices and offsets are a softmax mixture of learned ones.

    Parameters
    ----------
    dimension
        Size of the embedding.
    n_mixed
        Number of matrices mixed in each layer (protocol: 9).
    n_hidden
        Hidden units of the network that gives the mixture weights (protocol: 128).
    """

    def __init__(self, dimension: int = 20, n_mixed: int = 9, n_hidden: int = 128) -> None:
        super().__init__()
        self.dimension = dimension
        eye = torch.eye(dimension)
        noise = 0.1 / dimension**0.5
        # Near the identity: an untrained mapping passes its input on.
        self.matrices = nn.ParameterList(
            nn.Parameter(eye + noise * torch.randn(n_mixed, dimension, dimension))
            for _ in range(N_LAYERS)
        )
        self.offsets = nn.ParameterList(
            nn.Parameter(torch.zeros(n_mixed, dimension)) for _ in range(N_LAYERS)
        )
        self.gate = nn.Sequential(
            nn.Linear(dimension, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_mixed)
        )
        self.activation = nn.PReLU()

    def forward(self, embedding: Tensor) -> Tensor:
        """Map (n, dimension) to (n, dimension)."""
        mixture = torch.softmax(self.gate(embedding), dim=1)
        hidden = embedding
        for layer, (matrices, offsets) in enumerate(zip(self.matrices, self.offsets, strict=True)):
            if layer:
                hidden = self.activation(hidden)
            # Every matrix's product at once, then the mixture: no matrix of its own for each cell.
            products = torch.addmm(offsets.flatten(), hidden, matrices.flatten(0, 1).T)
            products = products.view(len(hidden), -1, self.dimension)
            hidden = torch.bmm(mixture[:, None], products)[:, 0]
        return hidden
