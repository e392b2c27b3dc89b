"""A folded network is the same function with fewer layers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from xbench.surrogates.layers import BlockBatchNorm, BlockLinear, folded
from xbench.surrogates.mlp_classifier import MLPClassifier

from ..toys import random_cross_modality


@pytest.mark.parametrize("seed", range(4))
def test_a_frozen_cross_modality_is_the_plain_one(seed: int) -> None:
    sizes = [40, 7, 0, 60]
    plain = random_cross_modality(sizes, n_outputs=11, seed=seed)
    frozen = plain.frozen()
    x = (torch.rand(30, sum(sizes), generator=torch.Generator().manual_seed(seed)) < 0.3).float()
    with torch.no_grad():
        wanted, ours = plain(x), frozen(x)
        scale = wanted.abs().max().item()
        torch.testing.assert_close(ours, wanted, rtol=0, atol=1e-5 * scale)
        sums = frozen.additive_layer().sums(x)
        chosen = torch.tensor([7, 2])
        some = frozen.tail(sums, chosen)
        torch.testing.assert_close(some, wanted[:, chosen], rtol=0, atol=1e-5 * scale)
    assert (wanted > 0).float().mean() > 0
    assert not any(isinstance(m, nn.BatchNorm1d) for m in frozen.modules())
    # The one frozen is a copy: the other can be trained on.
    assert sum(isinstance(m, nn.BatchNorm1d) for m in plain.modules()) == 4


def test_freezing_twice_changes_nothing() -> None:
    frozen = random_cross_modality([5, 6]).frozen()
    x = torch.ones(2, 11)
    torch.testing.assert_close(frozen.frozen()(x), frozen(x))


def test_a_frozen_model_asks_for_no_gradient() -> None:
    for model in (random_cross_modality([5, 6]).frozen(), MLPClassifier(4).frozen()):
        assert not model.training
        assert not any(parameter.requires_grad for parameter in model.parameters())


def randomised(norm: nn.BatchNorm1d) -> nn.BatchNorm1d:
    for tensor in (norm.weight, norm.bias, norm.running_mean):
        nn.init.normal_(tensor)  # type: ignore[arg-type]
    nn.init.uniform_(norm.running_var, 0.1, 4)  # type: ignore[arg-type]
    return norm


class Blocks(nn.Module):
    """Make (n, 6) into three blocks of two."""

    def forward(self, x: Tensor) -> Tensor:
        return x.view(len(x), 3, 2)


def networks() -> list[tuple[nn.Sequential, int]]:
    torch.manual_seed(0)
    block_norm = BlockBatchNorm(3, 5)
    randomised(block_norm.norm)
    return [
        (nn.Sequential(nn.Linear(6, 4), randomised(nn.BatchNorm1d(4))), 1),
        (nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 9), randomised(nn.BatchNorm1d(9))), 1),
        # A norm before a linear layer, or after an activation, stays.
        (nn.Sequential(randomised(nn.BatchNorm1d(6)), nn.Linear(6, 2)), 2),
        (nn.Sequential(nn.Linear(6, 4), nn.PReLU(), randomised(nn.BatchNorm1d(4))), 3),
        (nn.Sequential(Blocks(), BlockLinear(3, 2, 5), block_norm), 2),
    ]


@pytest.mark.parametrize(("network", "left"), networks())
def test_small_networks(network: nn.Sequential, left: int) -> None:
    network.eval()
    short = folded(network)
    assert len(short) == left
    x = torch.randn(8, 6, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(short(x), network(x), rtol=1e-4, atol=1e-5)


def test_a_norm_without_statistics_is_refused() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, track_running_stats=False))
    with pytest.raises(ValueError, match="without running statistics"):
        folded(network)
