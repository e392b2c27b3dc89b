"""Relaxed masking: x + m (p - x) with m between 0 and 1, differentiable in m.

A relaxed mask moves the hidden sums by ``sum_j m_j (p_j - x_j) w_j``: one weighted sum over the
open features forward and, for its gradient, one product of `hidden` numbers for each of them.
"""

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from xbench.mask.encoded import EncodedPopulation
from xbench.mask.population import EvaluationCounts
from xbench.utils.sparse import Pattern, tensor_of, weighted_sums


def check_mask(mask: Tensor, size: int, what: str) -> Tensor:
    """Return the mask as float32, checked.

    Raises
    ------
    ValueError
        Where it does not have one number for each of `what`.
    """
    if mask.shape != (size,):
        raise ValueError(
            f"mask has shape {tuple(mask.shape)} but must have ({size},): one for each {what}"
        )
    return mask.float()


def change_by_feature(encoded: EncodedPopulation, rows: np.ndarray | None, mask: Tensor) -> Tensor:
    """Change of the hidden sums under one relaxed mask for all cells.

    Parameters
    ----------
    encoded, rows
        The population: all cells where `rows` is None.
    mask
        m, shape (n_features,).

    Returns
    -------
    Tensor
        Shape (cells, n_blocks, hidden).
    """
    layer = encoded.layer
    inputs = encoded.inputs if rows is None else encoded.inputs[rows]
    counts = encoded.block_counts if rows is None else encoded.block_counts[rows]
    device = layer.weight.device
    indices = tensor_of(inputs.indices).to(device)
    taken = mask[indices] * torch.from_numpy(-inputs.data).to(device)
    change = _summed(encoded, taken, inputs.indices, counts)
    if encoded.perturbation.any():
        given = mask * torch.from_numpy(encoded.perturbation).to(device)
        blocks = change.new_zeros(layer.n_blocks, layer.weight.shape[1])
        change = change + blocks.index_add(0, layer.block_of, given[:, None] * layer.weight)
    return change


def change_by_pair(encoded: EncodedPopulation, rows: np.ndarray | None, mask: Tensor) -> Tensor:
    """Change of the hidden sums under a relaxed mask of each cell's own.

    Parameters
    ----------
    encoded, rows
        The population: all cells where `rows` is None.
    mask
        m of each pair of `encoded.changing`, in its order.

    Returns
    -------
    Tensor
        Shape (cells, n_blocks, hidden).
    """
    pairs = encoded.changing if rows is None else encoded.changing[rows]
    counts = encoded.changing_counts if rows is None else encoded.changing_counts[rows]
    checked = check_mask(mask, pairs.nnz, "changing pair")
    amounts = checked * tensor_of(pairs.data).to(mask.device)
    return _summed(encoded, amounts, pairs.indices, counts)


def by_cell(pairs: sp.csr_matrix, mask: Tensor) -> Tensor:
    """Spread a mask of pairs over all pairs, 0 elsewhere, shape (n_cells, n_features).

    Examples
    --------
    >>> by_cell(sp.csr_matrix(np.array([[0, 1], [1, 0]])), torch.tensor([0.2, 0.7]))
    tensor([[0.0000, 0.2000],
            [0.7000, 0.0000]])
    """
    checked = check_mask(mask, pairs.nnz, "changing pair")
    cells, features = (
        torch.from_numpy(side).to(mask.device, torch.int64) for side in pairs.nonzero()
    )
    return mask.new_zeros(pairs.shape).index_put((cells, features), checked)


def charged(losses: Tensor, counts: EvaluationCounts) -> Tensor:
    """Return the losses, charging a gradient a cell when it is taken."""
    if losses.requires_grad:
        losses.register_hook(lambda gradient: counts.add(gradient=len(gradient)))
    return losses


def _summed(
    encoded: EncodedPopulation, amounts: Tensor, indices: np.ndarray, counts: np.ndarray
) -> Tensor:
    pointers = np.concatenate([[0], np.cumsum(counts.ravel())]).astype(indices.dtype)
    weight = encoded.layer.weight
    summed = weighted_sums(Pattern(pointers, indices, len(weight)), amounts, weight)
    return summed.view(len(counts), encoded.layer.n_blocks, weight.shape[1])
