"""Folding the fixed batch normalisations of a frozen network into its linear layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xbench.surrogates.blocks import BlockBatchNorm, BlockLinear


def folded(layers: nn.Sequential) -> nn.Sequential:
    """Return an equal network for evaluation with fewer layers.

    A batch normalisation after a linear layer, and a linear layer directly after another, become
    part of it: the same function up to rounding, in fewer steps.

    Parameters
    ----------
    layers
        Linear, BlockLinear, BatchNorm1d, BlockBatchNorm and elementwise layers, in evaluation mode.

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).eval()
    >>> len(folded(network))
    1
    """
    # New layers draw initial weights, replaced at once: no caller's random numbers are used up.
    with torch.random.fork_rng(devices=[]):
        return nn.Sequential(*_folded(layers)).eval()


def _folded(layers: nn.Sequential) -> list[nn.Module]:
    result: list[nn.Module] = []
    for layer in layers:
        last = result[-1] if result else None
        if isinstance(layer, nn.BatchNorm1d) and isinstance(last, nn.Linear):
            result[-1] = _linear_then_norm(last, layer)
        elif isinstance(layer, BlockBatchNorm) and isinstance(last, BlockLinear):
            result[-1] = _block_then_norm(last, layer)
        elif isinstance(layer, nn.Linear) and isinstance(last, nn.Linear):
            weight, bias = layer.weight @ last.weight, layer.weight @ last.bias + layer.bias
            result[-1] = _linear(weight, bias)
        else:
            result.append(layer)
    return result


def scale_and_shift(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Return the factor and the summand that a fixed normalisation amounts to, a channel each."""
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a batch normalisation without running statistics cannot be folded")
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - scale * norm.running_mean


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], device=weight.device)
    layer.weight = nn.Parameter(weight.detach().contiguous())
    layer.bias = nn.Parameter(bias.detach().contiguous())
    return layer


def _linear_then_norm(linear: nn.Linear, norm: nn.BatchNorm1d) -> nn.Linear:
    scale, shift = scale_and_shift(norm)
    return _linear(scale[:, None] * linear.weight, scale * linear.bias + shift)


def _block_then_norm(linear: BlockLinear, norm: BlockBatchNorm) -> BlockLinear:
    scale, shift = (part.view(linear.bias.shape) for part in scale_and_shift(norm.norm))
    layer = BlockLinear(*linear.weight.shape).to(linear.weight.device)
    layer.weight = nn.Parameter((linear.weight * scale[:, None, :]).detach())
    layer.bias = nn.Parameter((linear.bias * scale + shift).detach())
    return layer
