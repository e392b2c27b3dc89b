"""Gradients at noisy inputs (SmoothGrad), with the noise drawn where it matters: in the sums.

Noise of standard deviation s on every feature reaches F only as ``s e W`` in a block's hidden
sums, with W of shape (features, hidden) and e standard normal. With ``W = Q R`` that has exactly
the distribution of ``s z R`` with `hidden` standard normal numbers z instead of one a feature:
384 instead of 127,219 a cell at the paper's size.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from xbench.mask.absolute_sums import absolute_sums
from xbench.surrogates.layers import AdditiveLayer

# Cells of one product on a device that no compiled pass of ours runs on.
CELLS = 64


def noisy_sums(
    layer: AdditiveLayer, sums: Tensor, noise: float, samples: int, generator: torch.Generator
) -> Iterator[Tensor]:
    """Yield the hidden sums of noisy copies of all cells, one copy after the other.

    Parameters
    ----------
    layer
        What makes sums of inputs.
    sums
        Of the inputs without noise, shape (n, n_blocks, hidden).
    noise
        Standard deviation of the noise on each feature.
    samples
        Number of copies.
    generator
        Of the noise, on the CPU.

    Yields
    ------
    Tensor
        Shape (n, n_blocks, hidden).
    """
    factors = [torch.linalg.qr(weight, mode="r")[1] for weight in layer.weights]
    for _ in range(samples):
        drawn = [
            torch.randn(len(sums), len(factor), generator=generator).to(sums.device) @ factor
            for factor in factors
        ]
        yield sums + noise * torch.stack(drawn, dim=1)


def sum_by_feature(layer: AdditiveLayer, gradient: Tensor, *, absolute: bool) -> Tensor:
    """Sum over cells of the gradient by each feature, or of its absolute value, shape (d,).

    Parameters
    ----------
    layer
        What makes sums of inputs.
    gradient
        By the hidden sums, shape (n, n_blocks, hidden).
    absolute
        Whether signs are dropped, cell by cell, before the sum.
    """
    if not absolute:
        total = gradient.sum(dim=0)
        return torch.cat([weight @ total[block] for block, weight in enumerate(layer.weights)])
    result = []
    for block, weight in enumerate(layer.weights):
        if weight.device.type == "cpu" and weight.dtype == torch.float32:
            own = gradient[:, block].detach().numpy()
            result.append(torch.from_numpy(absolute_sums(own, weight.numpy())))
            continue
        parts = gradient[:, block].split(CELLS)
        result.append(torch.stack([(part @ weight.T).abs_().sum(dim=0) for part in parts]).sum(0))
    return torch.cat(result)


def noisy_gradient_of_sums(
    layer: AdditiveLayer,
    sums: Tensor,
    gradient: Callable[[Tensor], Tensor],
    *,
    noise: float,
    samples: int,
    generator: torch.Generator,
    absolute: bool,
) -> Tensor:
    """Mean over cells and noisy copies of the gradient by each feature, shape (d,).

    Parameters
    ----------
    gradient
        From hidden sums to the gradient by them, both of shape (n, n_blocks, hidden).
    absolute
        Whether the absolute value is averaged.

    Examples
    --------
    >>> import numpy as np
    >>> layer = AdditiveLayer(torch.tensor([[2.0], [-3.0]]), torch.zeros(1, 1), np.array([0, 2]))
    >>> noisy_gradient_of_sums(
    ...     layer, torch.zeros(5, 1, 1), torch.ones_like, noise=0.1, samples=4,
    ...     generator=torch.Generator().manual_seed(0), absolute=True,
    ... )
    tensor([2., 3.])
    """
    total = torch.zeros(layer.n_features, device=sums.device)
    for copy in noisy_sums(layer, sums, noise, samples, generator):
        total += sum_by_feature(layer, gradient(copy), absolute=absolute)
    return total / (len(sums) * samples)
