"""The loss of the ATAC autoencoder, against the dense logits that it never makes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as functional
from scipy.sparse import csr_matrix

from xbench.surrogates.training.alignment import AtacDecoder
from xbench.surrogates.training.balanced import focal_reconstruction
from xbench.utils.sparse import Pattern, products, weighted_sums


def make(mask: np.ndarray) -> Pattern:
    return Pattern.of(csr_matrix(mask))


def plain_focal(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Written as the paper does, with autograd."""
    right = torch.where(labels > 0, torch.sigmoid(logits), 1 - torch.sigmoid(logits))
    return -((1 - right) ** 2 * torch.log(right)).mean()


@pytest.mark.parametrize("frozen", [False, True])
def test_reconstruction_is_the_focal_loss_of_the_logits(frozen: bool) -> None:
    generator = np.random.default_rng(1)
    mask = generator.random((6, 9)) < 0.4
    closed = ~mask & (generator.random(mask.shape) < 0.5)
    left, right = torch.randn(6, 3), torch.randn(9, 3)
    pairs = []
    for _ in range(2):
        weight = right.clone().requires_grad_(not frozen)
        pairs.append((left.clone().requires_grad_(), weight))
    (hidden, weight), (plain_hidden, plain_weight) = pairs
    loss = focal_reconstruction(hidden, weight, make(mask), make(closed))
    logits = plain_hidden @ plain_weight.T
    both = torch.cat([logits[torch.from_numpy(mask)], logits[torch.from_numpy(closed)]])
    labels = torch.cat([torch.ones(int(mask.sum())), torch.zeros(int(closed.sum()))])
    wanted = plain_focal(both, labels)
    torch.testing.assert_close(loss, wanted)
    (3 * loss).backward()
    (3 * wanted).backward()
    torch.testing.assert_close(hidden.grad, plain_hidden.grad)
    if frozen:
        assert weight.grad is None
    else:
        torch.testing.assert_close(weight.grad, plain_weight.grad)


def test_the_decoder_gives_each_peak_its_own_chromosome_and_bias() -> None:
    torch.manual_seed(0)
    decoder = AtacDecoder([3, 2]).eval()
    with torch.no_grad():
        decoder.weight[:, -1] = torch.arange(5.0)
    embedding = torch.randn(2, 20)
    everywhere = np.zeros((4, 5), dtype=bool)
    everywhere[[0, 2], :3] = everywhere[[1, 3], 3:] = True
    hidden = decoder(embedding)
    logits = products(make(everywhere), hidden, decoder.weight).view(2, 5)
    by_block = functional.pad(decoder.blocks(decoder.spread(embedding).view(2, 2, -1)), (0, 1))
    for peak, block in enumerate([0, 0, 0, 1, 1]):
        wanted = by_block[:, block] @ decoder.weight[peak] + peak
        torch.testing.assert_close(logits[:, peak], wanted)


def test_gradients_do_not_depend_on_the_order_of_threads() -> None:
    mask = np.random.default_rng(0).random((400, 3000)) < 0.2
    hidden, weight = torch.randn(400, 17), torch.randn(3000, 17)

    def gradients() -> list[torch.Tensor]:
        leaves = [hidden.clone().requires_grad_(), weight.clone().requires_grad_()]
        focal_reconstruction(*leaves, make(mask), make(~mask)).backward()
        ones = torch.ones(int(mask.sum()))
        weighted_sums(make(mask), ones, leaves[1]).square().sum().backward()
        return [leaf.grad for leaf in leaves]  # type: ignore[misc]

    torch.set_num_threads(2)
    try:
        first = gradients()
        for _ in range(5):
            assert all(torch.equal(*pair) for pair in zip(first, gradients(), strict=True))
    finally:
        torch.set_num_threads(1)
