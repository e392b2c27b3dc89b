"""The mixture mapping against its formula, one cell at a time."""

from __future__ import annotations

import torch

from xbench.surrogates.cross_modality_network import MixtureMapping


def test_it_is_the_mixture_of_affine_maps() -> None:
    torch.manual_seed(0)
    mapping = MixtureMapping(dimension=4, n_mixed=3, n_hidden=5)
    for offsets in mapping.offsets:
        torch.nn.init.normal_(offsets)
    x = torch.randn(6, 4)
    rows = []
    for cell in x:
        first, last = mapping.gate[0], mapping.gate[2]
        share = torch.softmax(
            last.weight @ torch.relu(first.weight @ cell + first.bias) + last.bias, 0
        )
        hidden = cell
        for layer in range(3):
            matrix = sum(share[m] * mapping.matrices[layer][m] for m in range(3))
            offset = sum(share[m] * mapping.offsets[layer][m] for m in range(3))
            hidden = matrix @ hidden + offset
            if layer < 2:
                hidden = torch.where(hidden > 0, hidden, mapping.activation.weight * hidden)
        rows.append(hidden)
    torch.testing.assert_close(mapping(x), torch.stack(rows))
