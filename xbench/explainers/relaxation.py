"""Yes-or-no choices that can be learned by gradients, while a mask keeps its expected size.

Also which problems have too many (cell, feature) pairs for a method that draws each of them.
"""

import math
from typing import Any

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Tensor

from xbench.explainers.explainer import Problem


def logistic_noise(like: Tensor, generator: torch.Generator) -> Tensor:
    """Logistic noise, the difference of two Gumbel variables, in the shape of `like`."""
    # Kept off 0 and 1, whose logits are infinite.
    uniform = torch.rand(like.shape, generator=generator).clamp_(1e-7, 1 - 1e-7)
    return torch.logit(uniform).to(like.device)


def straight_through(logits: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """Draw choices with probability ``sigmoid(logits)``, with a gradient.

    A straight-through Gumbel-softmax of two categories (Jang et al. 2017): forward the choice
    itself, 0 or 1; backward the gradient of ``sigmoid((logits + noise) / temperature)``.

    Parameters
    ----------
    logits
        Any shape.
    temperature
        Above 0; the lower, the less biased the gradient, and the noisier.
    generator
        On the CPU.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> straight_through(torch.tensor([-50.0, 50.0]), 1.0, generator)
    tensor([0., 1.])
    """
    noisy = logits + logistic_noise(logits, generator)
    relaxed = torch.sigmoid(noisy / temperature)
    # Parentheses: the difference is exactly 0, so that the sum is exactly 0 or 1.
    return (noisy > 0).to(logits.dtype) + (relaxed - relaxed.detach())


def bounded(logits: Tensor, bound: float) -> Tensor:
    """Cap logits at `bound`, letting through every gradient that leads below it.

    A plain clamp has no gradient above its bound, and a sigmoid hardly any: what has once been
    driven up there is lost to the price that should bring it down.

    Examples
    --------
    >>> logits = torch.tensor([1.0, 9.0], requires_grad=True)
    >>> bounded(logits, 3.0)
    tensor([1., 3.], grad_fn=<_BoundedBackward>)
    """
    return _Bounded.apply(logits, bound)


class _Bounded(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, logits: Tensor, bound: float) -> Tensor:
        context.save_for_backward(logits >= bound)
        return logits.clamp_max(bound)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (at_bound,) = context.saved_tensors
        # A descent step goes against the gradient: a negative one would lead further up.
        return gradients[0].masked_fill(at_bound & (gradients[0] < 0), 0.0), None


def shift_to_size(logits: Tensor, size: float) -> Tensor:
    """Return the number whose addition gives ``sum sigmoid(logits + shift) = size``.

    Parameters
    ----------
    logits
        Shape (d,).
    size
        Above 0 and below d.

    Returns
    -------
    Tensor
        A scalar with the gradient of the implicit function: whoever raises one logit lowers the
        others', each in proportion to how much its sigmoid gives way.

    Examples
    --------
    >>> logits = torch.tensor([0.0, 0.0, 5.0, 5.0])
    >>> torch.sigmoid(logits + shift_to_size(logits, 2.0)).round(decimals=3)
    tensor([0.0760, 0.0760, 0.9240, 0.9240])
    """
    fixed = logits.detach()

    def excess(shift: float) -> float:
        return float(torch.sigmoid(fixed + shift).sum(dtype=torch.float64)) - size

    # With all logits at the highest (lowest) of them, one of these shifts would be the answer.
    even = math.log(size / (len(fixed) - size))
    low, high = even - float(fixed.max()), even - float(fixed.min())
    # A margin, since rounding may put the root just outside.
    shift = brentq(excess, low - 1e-3, high + 1e-3, xtol=1e-6)
    share = torch.sigmoid(fixed + shift)
    give = share * (1 - share)
    moved = (give * (logits - fixed)).sum() / give.sum().clamp_min(1e-12)
    return shift - moved


# 0.8 GB of changes and indices.
MOST_PAIRS = 10**8


def too_many_pairs(problem: Problem) -> str | None:
    """Return why masking changes too many pairs, or None.

    With p = 0 only open features change; otherwise nearly every feature of every cell.
    """
    n_pairs = int(np.prod(problem.inputs.shape, dtype=np.int64))
    if not problem.perturbation.any() or n_pairs <= MOST_PAIRS:
        return None
    return (
        f"with p other than 0 masking changes up to {n_pairs:,} (cell, feature) pairs, and this "
        f"method draws each of them: at most {MOST_PAIRS:,}"
    )
