"""How far predicted shares are from given ones, and the gradient by the logits in one pass."""

from typing import Any

import numba
import numpy as np
import torch
from torch import Tensor

from xbench.utils.compiled import EXACT, compiled


def divergence_of_shares(logits: Tensor, shares: np.ndarray, pointers: np.ndarray) -> Tensor:
    """Sum over rows of the Kullback-Leibler divergence of ``softmax(logits)`` from shares, in nats.

    Without the shares' own entropy, which nothing that is learned changes.

    Parameters
    ----------
    logits
        float32 on a CPU, row after row, shape (entries,).
    shares
        At least 0; of a row they add up to 1, or to 0 where the row does not count. float32.
    pointers
        Where each row begins, and the number of entries, shape (rows + 1,).

    Examples
    --------
    >>> logits, shares = torch.zeros(2), np.array([0.5, 0.5], dtype=np.float32)
    >>> round(divergence_of_shares(logits, shares, np.array([0, 2])).item(), 4)
    0.6931
    """
    return _Divergence.apply(logits, shares, pointers)


class _Divergence(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, logits: Tensor, shares: np.ndarray, pointers: np.ndarray) -> Tensor:
        below = logits.detach().clone()
        rows = np.asarray(pointers, dtype=np.int64)
        _below_highest(rows, below.numpy())
        gradient = below.exp()
        total = _settle(rows, below.numpy(), np.ascontiguousarray(shares), gradient.numpy())
        context.save_for_backward(gradient)
        return logits.new_tensor(total)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = context.saved_tensors
        return gradients[0] * gradient, None, None


@compiled(numba.void(numba.int64[::1], numba.float32[::1]), freedom=EXACT)
def _below_highest(pointers: np.ndarray, logits: np.ndarray) -> None:
    """Take the highest of its row off each logit."""
    for row in range(len(pointers) - 1):
        own = logits[pointers[row] : pointers[row + 1]]
        if len(own):
            own -= own.max()


@compiled(
    numba.float64(numba.int64[::1], numba.float32[::1], numba.float32[::1], numba.float32[::1]),
    freedom=EXACT,
    checks_division=False,
)
def _settle(
    pointers: np.ndarray, logits: np.ndarray, shares: np.ndarray, powers: np.ndarray
) -> float:
    """Return the sum, and make of exp(logits) the gradient by the logits."""
    result = 0.0
    for row in range(len(pointers) - 1):
        total, given, taken = 0.0, 0.0, 0.0
        for entry in range(pointers[row], pointers[row + 1]):
            total += powers[entry]
            given += shares[entry]
            taken += np.float64(shares[entry]) * logits[entry]
        if pointers[row + 1] > pointers[row]:
            result += given * np.log(total) - taken
        factor = np.float32(given / total)
        for entry in range(pointers[row], pointers[row + 1]):
            powers[entry] = powers[entry] * factor - shares[entry]
    return result
