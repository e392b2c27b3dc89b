"""Yes-or-no choices that can be learned by gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


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
