"""The paper's ATAC-to-RNA path in plain torch, one small network a chromosome.

Written from the protocol alone, with the attribute names of the reference's checkpoints, so that
its `state_dict` is such a checkpoint. Nothing of xbench is used here: it is the witness.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn


class Embedding(nn.Module):
    def __init__(self, n_peaks: int, n_hidden: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_peaks, 2, n_hidden))


class AtacModel(nn.Module):
    def __init__(self, sizes: list[int], n_hidden: int) -> None:
        super().__init__()
        self.sizes = sizes
        self.embedding = Embedding(sum(sizes), n_hidden)
        self.in_split_layer = nn.ModuleList(
            nn.Sequential(
                nn.Identity(),
                nn.BatchNorm1d(n_hidden),
                nn.PReLU(),
                nn.Linear(n_hidden, 32),
                nn.BatchNorm1d(32),
                nn.PReLU(),
            )
            for _ in sizes
        )
        self.encoder = nn.Sequential(nn.Linear(32 * len(sizes), 20), nn.Linear(20, 20))
        # The decoder back to peaks plays no part in F, but its sizes are the chromosomes'.
        self.out_split_layer = nn.ModuleList(
            nn.Sequential(
                nn.Linear(32, n_hidden), nn.BatchNorm1d(n_hidden), nn.PReLU(),
                nn.Linear(n_hidden, size),
            )
            for size in sizes
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Mix closed and open embeddings: category 0 where x is 0, category 1 where it is 1."""
        closed, opened = self.embedding.weight[:, 0], self.embedding.weight[:, 1]
        embedded = (1 - x[:, :, None]) * closed + x[:, :, None] * opened
        parts = embedded.split(self.sizes, dim=1)
        channels = [
            network(part.sum(dim=1))
            for network, part in zip(self.in_split_layer, parts, strict=True)
        ]
        return self.encoder(torch.cat(channels, dim=1))


class Mapping(nn.Module):
    def __init__(self, n_mixed: int, n_gate: int) -> None:
        super().__init__()
        self.affine_matrices = nn.ParameterList(torch.zeros(n_mixed, 400) for _ in range(3))
        self.affine_offsets = nn.ParameterList(torch.zeros(n_mixed, 20) for _ in range(3))
        self.fc_loc = nn.Sequential(nn.Linear(20, n_gate), nn.ReLU(), nn.Linear(n_gate, n_mixed))
        self.act = nn.PReLU()

    def forward(self, embedding: Tensor) -> Tensor:
        share = torch.softmax(self.fc_loc(embedding), dim=1)
        hidden = embedding
        for layer in range(3):
            if layer:
                hidden = self.act(hidden)
            matrix = (share @ self.affine_matrices[layer]).view(-1, 20, 20)
            offset = share @ self.affine_offsets[layer]
            hidden = torch.einsum("nij,nj->ni", matrix, hidden) + offset
        return hidden


class RnaModel(nn.Module):
    def __init__(self, first: int, second: int, n_genes: int) -> None:
        super().__init__()
        self.decoder = nn.Sequential(
            nn.Linear(20, first), nn.BatchNorm1d(first), nn.PReLU(),
            nn.Linear(first, second), nn.BatchNorm1d(second), nn.PReLU(),
            nn.Linear(second, n_genes),
        )  # fmt: skip


class PlainReference(nn.Module):
    """F(x) = max(0, decode(map(encode(x)))) on dense binary x, shape (n, peaks)."""

    def __init__(
        self,
        sizes: list[int],
        n_genes: int,
        n_hidden: int = 16,
        decoder_sizes: tuple[int, int] = (320, 640),
        n_mixed: int = 9,
        n_gate: int = 128,
    ) -> None:
        super().__init__()
        self.atac_model = AtacModel(sizes, n_hidden)
        self.rna_model = RnaModel(*decoder_sizes, n_genes)
        self.atac2rna_model = Mapping(n_mixed, n_gate)

    def forward(self, x: Tensor) -> Tensor:
        embedding = self.atac2rna_model(self.atac_model(x))
        return self.rna_model.decoder(embedding).clamp(min=0)


def small_reference(sizes: list[int], n_genes: int, seed: int) -> PlainReference:
    """Narrow layers, random weights and batch statistics, float32, evaluation mode."""
    model = PlainReference(sizes, n_genes, 4, (12, 10), n_mixed=3, n_gate=8).eval()
    generator = np.random.default_rng(seed)
    for name, tensor in model.state_dict().items():
        shape = tuple(tensor.shape)
        if name.endswith("num_batches_tracked"):
            continue
        if name.endswith("running_var"):
            values = generator.uniform(0.5, 3, shape)
        elif tensor.ndim < 2:
            values = generator.uniform(0.2, 1, shape)
        else:
            fan = 20 if "affine" in name else shape[-1]
            values = generator.normal(size=shape) / np.sqrt(fan)
        tensor.copy_(torch.tensor(values, dtype=torch.float32))
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model.rna_model.decoder[-1].bias += 1
    return model
