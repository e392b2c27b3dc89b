"""Products at chosen entries, against the dense matrices that they never make."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as functional
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from xbench.training.balanced import focal_reconstruction
from xbench.training.networks import AtacDecoder
from xbench.training.positions import Positions, open_sums

# "cpu:0" is the CPU under a name that takes the way of devices without our sparse kernels.
WAYS = ["cpu", "cpu:0"]


def make(mask: np.ndarray, device: str = "cpu") -> Positions:
    x = csr_matrix(mask)
    return Positions(x.indptr.astype(np.int32), x.indices.astype(np.int32), mask.shape[1], device)


def random_case(seed: int, shape: tuple[int, int], k: int) -> tuple[np.ndarray, torch.Tensor, ...]:  # type: ignore[type-arg]
    generator = np.random.default_rng(seed)
    mask = generator.random(shape) < 0.4
    left, right = generator.normal(size=(shape[0], k)), generator.normal(size=(shape[1], k))
    values = generator.normal(size=int(mask.sum()))
    return mask, *(torch.from_numpy(one.astype(np.float32)) for one in (left, right, values))


@pytest.mark.parametrize("device", WAYS)
@settings(deadline=None, max_examples=30)
@given(st.integers(0, 999), st.tuples(st.integers(1, 7), st.integers(1, 9)), st.integers(1, 5))
def test_the_three_products(device: str, seed: int, shape: tuple[int, int], k: int) -> None:
    mask, left, right, values = random_case(seed, shape, k)
    here = make(mask, device)
    matrix = torch.zeros(shape)
    matrix[torch.from_numpy(mask)] = values
    close = {"rtol": 1e-4, "atol": 1e-5}
    torch.testing.assert_close(
        here.products(left, right), (left @ right.T)[torch.from_numpy(mask)], **close
    )
    torch.testing.assert_close(here.times(values, right), matrix @ right, **close)
    torch.testing.assert_close(here.transposed_times(values, left), matrix.T @ left, **close)


@pytest.mark.parametrize("device", WAYS)
def test_sums_of_open_peaks_and_their_gradient(device: str) -> None:
    mask, left, right, _ = random_case(0, (6, 9), 3)
    weight, plain = right.clone().requires_grad_(), right.clone().requires_grad_()
    sums = open_sums(weight, make(mask, device))
    wanted = torch.from_numpy(mask).float() @ plain
    torch.testing.assert_close(sums, wanted)
    (sums * left).sum().backward()
    (wanted * left).sum().backward()
    torch.testing.assert_close(weight.grad, plain.grad)


def plain_focal(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Written as the paper does, with autograd."""
    right = torch.where(labels > 0, torch.sigmoid(logits), 1 - torch.sigmoid(logits))
    return -((1 - right) ** 2 * torch.log(right)).mean()


@pytest.mark.parametrize("device", WAYS)
@pytest.mark.parametrize("frozen", [False, True])
def test_reconstruction_is_the_focal_loss_of_the_logits(device: str, frozen: bool) -> None:
    mask, left, right, _ = random_case(1, (6, 9), 3)
    closed = ~mask & (np.random.default_rng(2).random(mask.shape) < 0.5)
    pairs = []
    for _ in range(2):
        weight = right.clone().requires_grad_(not frozen)
        pairs.append((left.clone().requires_grad_(), weight))
    (hidden, weight), (plain_hidden, plain_weight) = pairs
    loss = focal_reconstruction(hidden, weight, make(mask, device), make(closed, device))
    logits = plain_hidden @ plain_weight.T
    chosen = torch.from_numpy(np.concatenate([logits.detach()[mask], logits.detach()[closed]]))
    assert len(chosen) == mask.sum() + closed.sum()
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
    logits = make(everywhere).products(hidden, decoder.weight).view(2, 5)
    by_block = functional.pad(decoder.blocks(decoder.spread(embedding).view(2, 2, -1)), (0, 1))
    for peak, block in enumerate([0, 0, 0, 1, 1]):
        wanted = by_block[:, block] @ decoder.weight[peak] + peak
        torch.testing.assert_close(logits[:, peak], wanted)


def test_products_do_not_depend_on_the_order_of_threads() -> None:
    mask = np.random.default_rng(0).random((400, 3000)) < 0.2
    hidden, weight = torch.randn(400, 17), torch.randn(3000, 17)

    def gradients() -> list[torch.Tensor]:
        leaves = [hidden.clone().requires_grad_(), weight.clone().requires_grad_()]
        focal_reconstruction(*leaves, make(mask), make(~mask)).backward()
        open_sums(leaves[1], make(mask)).square().sum().backward()
        return [leaf.grad for leaf in leaves]  # type: ignore[misc]

    torch.set_num_threads(2)
    try:
        first = gradients()
        for _ in range(5):
            assert all(torch.equal(*pair) for pair in zip(first, gradients(), strict=True))
    finally:
        torch.set_num_threads(1)
