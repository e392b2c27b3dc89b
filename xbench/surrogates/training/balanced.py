"""Losses over all positive entries and as many sampled zeros (protocol, Training)."""

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as functional
from torch import Tensor

from xbench.utils.sparse import Pattern, products, sums, transposed_sums

# Entries of rows that are marked at once, a byte each.
_MARKED = 1 << 27


def sampled_zeros(
    x: sp.csr_matrix, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw about as many zero entries of each row as it has others, evenly over the columns.

    A row with m positives is cut into m equal stretches and one column is drawn in each: every
    column is drawn alike, and the draws come sorted. One that hits a positive is dropped, so a
    row with a share q of its features open gets about 1 - q times as many.

    Parameters
    ----------
    x
        CSR, shape (n, d).

    Returns
    -------
    rows, columns : ndarray
        int64 and int32, in row order and ascending in a row; shape (zeros,) each.

    Examples
    --------
    >>> rows, columns = sampled_zeros(sp.csr_matrix([[0, 3.0], [0, 0]]), np.random.default_rng(1))
    >>> rows.tolist(), columns.tolist() in ([0], [])
    ([], True)
    """
    n, d = x.shape
    counts = np.diff(x.indptr)
    rows = np.repeat(np.arange(n, dtype=np.int64), counts)
    within = np.arange(len(rows)) - np.repeat(x.indptr[:-1], counts)
    stretch = np.repeat(d / np.maximum(counts, 1), counts)
    drawn = ((within + generator.random(len(rows))) * stretch).astype(np.int32)
    # A sum rounded up may leave the last stretch.
    np.minimum(drawn, d - 1, out=drawn)
    keys = rows * d + drawn
    zero = np.empty(len(keys), dtype=bool)
    together = max(1, _MARKED // max(1, d))
    for first in range(0, n, together):
        # One byte an entry of these rows: four times as fast as searching among the positives.
        last = min(first + together, n)
        entries = slice(x.indptr[first], x.indptr[last])
        positive = np.zeros((last - first) * d, dtype=bool)
        positive[rows[entries] * d + x.indices[entries] - first * d] = True
        zero[entries] = ~positive[keys[entries] - first * d]
    # Two stretches share a column where they meet: it counts once.
    zero[1:] &= keys[1:] != keys[:-1]
    return rows[zero], drawn[zero]


def balanced_weights(x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Mark all non-zero entries and, in each row, about as many of the zeros; float32.

    Parameters
    ----------
    x
        Dense, shape (n, d).

    Examples
    --------
    >>> balanced_weights(np.array([[1.0, 0], [0, 0]]), np.random.default_rng(0)).tolist()
    [[1.0, 1.0], [0.0, 0.0]]
    """
    positive = x != 0
    share = positive.mean(axis=1, keepdims=True)
    chance = share / np.maximum(1 - share, np.finfo(float).tiny)
    return (positive | (generator.random(x.shape, dtype=np.float32) < chance)).astype(np.float32)


def balanced_squared_error(predicted: Tensor, observed: Tensor, weights: Tensor) -> Tensor:
    """Mean squared error at the entries marked by `balanced_weights`; all shapes (n, d)."""
    return ((predicted - observed).square() * weights).sum() / weights.sum().clamp_min(1)


def focal_values(margins: Tensor) -> tuple[Tensor, Tensor]:
    """Focal loss with gamma 2, and its slope, for each logit.

    Binary cross-entropy weighted by (1 - p of the true label) ** 2.

    Parameters
    ----------
    margins
        Logit of the true label: the logit where it is 1, minus the logit where it is 0.

    Returns
    -------
    values, slopes : Tensor
        Loss and its derivative by the margin, of the shape of `margins`.

    Examples
    --------
    >>> focal_values(torch.zeros(1))[0]  # log(2) / 4
    tensor([0.1733])
    """
    wrong = torch.sigmoid(-margins)
    cross_entropy = functional.softplus(-margins)
    squared = wrong * wrong
    slopes = -squared * (2 * (1 - wrong) * cross_entropy + wrong)
    return squared * cross_entropy, slopes


class _Reconstruction(torch.autograd.Function):
    """Logits, focal loss and slopes in one pass: autograd would keep a dozen arrays of entries."""

    @staticmethod
    def forward(ctx, hidden: Tensor, weight: Tensor, opened: Pattern, closed: Pattern) -> Tensor:  # type: ignore[no-untyped-def]
        count = max(1, len(opened) + len(closed))
        total, slopes = hidden.new_zeros(()), []
        for positions, sign in ((opened, 1), (closed, -1)):
            values, slope = focal_values(products(positions, hidden, weight).mul_(sign))
            total = total + values.sum()
            slopes.append(slope.mul_(sign / count))
        ctx.positions = (opened, closed)
        ctx.save_for_backward(hidden, weight, *slopes)
        return total / count

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[no-untyped-def]
        hidden, weight, *slopes = ctx.saved_tensors
        of_hidden: Tensor | None = None
        of_weight: Tensor | None = None
        pairs = list(zip(ctx.positions, slopes, strict=True))
        if ctx.needs_input_grad[0]:
            of_hidden = gradient * sum(sums(here, slope, weight) for here, slope in pairs)
        if ctx.needs_input_grad[1]:
            parts = (transposed_sums(here, slope, hidden) for here, slope in pairs)
            of_weight = gradient * sum(parts)
        return of_hidden, of_weight, None, None


def focal_reconstruction(
    hidden: Tensor, weight: Tensor, opened: Pattern, closed: Pattern
) -> Tensor:
    """Mean focal loss of the logits ``hidden . weight``, at open and at sampled closed peaks.

    Parameters
    ----------
    hidden
        Shape (n_rows, k), a row for each (cell, chromosome).
    weight
        Shape (n_peaks, k).
    opened, closed
        Where the label is 1, and where it is 0.
    """
    return _Reconstruction.apply(hidden, weight, opened, closed)
