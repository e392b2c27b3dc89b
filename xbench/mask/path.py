"""Gradients along the straight path from p to each input, by the hidden sums alone.

At ``p + t (x - p)`` the hidden sums are linear in t: ``S(x) + (1 - t) C``, with C what masking
everything changes. So a point of the path costs one gradient of the tail, and all features of all
points together one sparse product: ``sum_t w_t dF/dx_j = (sum_t w_t dF/dS) . w_j``.
"""

from collections.abc import Callable, Iterable
from itertools import repeat

import numpy as np
import torch
from torch import Tensor

from xbench.mask.encoded import EncodedPopulation
from xbench.mask.noisy_gradients import noisy_sums
from xbench.mask.relaxed import change_by_feature, change_by_pair


def check_path(points: np.ndarray, weights: np.ndarray, n_cells: int) -> tuple[Tensor, Tensor]:
    """Return the points of each cell, shape (n_cells, m), and the weights, shape (m,), as float32.

    Raises
    ------
    ValueError
        Where there is not one weight a point, or not the same number of points for each cell.

    Examples
    --------
    >>> check_path(np.array([0.25, 0.75]), np.array([0.5, 0.5]), 2)[0]
    tensor([[0.2500, 0.7500],
            [0.2500, 0.7500]])
    """
    given = torch.as_tensor(np.asarray(points, dtype=np.float32))
    weight = torch.as_tensor(np.asarray(weights, dtype=np.float32))
    if given.ndim == 1:
        given = given.expand(n_cells, -1)
    if weight.ndim != 1 or given.shape != (n_cells, len(weight)):
        raise ValueError(
            f"points have shape {tuple(given.shape)} and weights {tuple(weight.shape)}, but must "
            f"have ({n_cells}, m) or (m,), and (m,)"
        )
    return given, weight


def path_attributions_of_sums(
    encoded: EncodedPopulation,
    rows: np.ndarray | None,
    sums: Tensor,
    gradient: Callable[[Tensor], Tensor],
    points: Tensor,
    weights: Tensor,
    *,
    absolute: bool,
    noise: float = 0.0,
    generator: torch.Generator | None = None,
) -> np.ndarray:
    """Mean over cells of (x_j - p_j) times the weighted gradients by x_j along the path.

    Parameters
    ----------
    encoded, rows
        The population: all cells where `rows` is None.
    sums
        Its unmasked hidden sums, shape (n, n_blocks, hidden).
    gradient
        From hidden sums to the gradient of the number explained by them, of the same shape.
    points
        t of each cell, 0 at p and 1 at x, shape (n, m).
    weights
        Of the points, shape (m,).
    absolute
        Whether the absolute value of each cell's attribution is averaged.
    noise, generator
        Standard deviation of the noise on every feature of x, and what draws it; see `noisy_sums`.

    Returns
    -------
    ndarray
        Shape (n_features,), float64.
    """
    device = sums.device
    n_features = encoded.layer.n_features
    with torch.no_grad():
        whole = change_by_feature(encoded, rows, torch.ones(n_features, device=device))
    total = torch.zeros_like(sums)
    ends: Iterable[Tensor] = repeat(sums)
    if noise and generator is not None:
        ends = noisy_sums(encoded.layer, sums, noise, len(weights), generator)
    for point, weight, end in zip(points.to(device).T, weights.tolist(), ends, strict=False):
        left = (1 - point)[:, None, None]
        # p + t (x + e - p) is x + (1 - t) (p - x) + t e.
        total += weight * gradient(sums + left * whole + (1 - left) * (end - sums))
    if not absolute:
        # The derivative by a relaxed mask of a feature is this product, with p - x for x - p.
        mask = torch.ones(n_features, device=device, requires_grad=True)
        moved = (change_by_feature(encoded, rows, mask) * total).sum()
        by_feature = -torch.autograd.grad(moved, mask)[0].double().cpu().numpy()
        return by_feature / len(sums)
    pairs = encoded.changing if rows is None else encoded.changing[rows]
    own = torch.ones(pairs.nnz, device=device, requires_grad=True)
    moved = (change_by_pair(encoded, rows, own) * total).sum()
    by_pair = torch.autograd.grad(moved, own)[0].abs().double().cpu().numpy()
    return np.bincount(pairs.indices, weights=by_pair, minlength=n_features) / len(sums)
