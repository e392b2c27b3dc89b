"""Holding the expected size of a mask at a number."""

from __future__ import annotations

import math

import torch
from scipy.optimize import brentq
from torch import Tensor


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
