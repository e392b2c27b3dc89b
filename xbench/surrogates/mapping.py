"""The mapping between the two modalities' embeddings (paper, Eq. 5)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

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
