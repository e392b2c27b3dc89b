"""Walks: the loss of each cell while its features are masked one after the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from xbench.mask.encoded import EncodedPopulation
from xbench.mask.groups import Groups
from xbench.mask.pairs import changed_pairs
from xbench.mask.path import Path
from xbench.surrogates.base import Surrogate

# Changed inputs brought into walking order at once: some tens of MB.
CHANGE_CHUNK = 2**18
# Numbers of running sums at once, which should stay in a core's cache.
WALK_CHUNK = 2**18
# Steps that go through the tail at once, for the same reason.
STEP_CHUNK = 2048

Losses = Callable[[Tensor, Callable[..., Tensor]], Tensor]


def steps_of_groups(permutations: np.ndarray, n_cells: int, n_groups: int) -> np.ndarray:
    """Return the step at which each group is masked, shape (n_cells, n_groups).

    Parameters
    ----------
    permutations
        Groups in the order of masking, a row for each cell, shape (n_cells, n_groups).

    Raises
    ------
    ValueError
        Where the shape is another one, or a row is no permutation.

    Examples
    --------
    >>> steps_of_groups(np.array([[2, 0, 1]]), 1, 3)
    array([[1, 2, 0]])
    """
    orders = np.asarray(permutations)
    if orders.shape != (n_cells, n_groups) or not np.issubdtype(orders.dtype, np.integer):
        raise ValueError(
            f"permutations have shape {orders.shape} and type {orders.dtype} but must have "
            f"({n_cells}, {n_groups}) and integers: an order of the groups for each cell"
        )
    if orders.size and (orders.min() < 0 or orders.max() >= n_groups):
        raise ValueError(f"permutations: a group is out of range 0..{n_groups - 1}")
    steps = np.full(orders.shape, -1)
    places = np.arange(n_groups)
    # Row by row: one assignment to all of them would take four times as long.
    for step, order in zip(steps, orders, strict=True):
        step[order] = places
    absent = np.argwhere(steps < 0)
    if len(absent):
        row, group = absent[0]
        raise ValueError(f"permutations: row {row} does not hold group {group}")
    return steps


def additive_walk(
    surrogate: Surrogate,
    encoded: EncodedPopulation,
    rows: np.ndarray | None,
    sums: Tensor,
    groups: Groups,
    steps: np.ndarray,
    losses_of: Losses,
) -> sp.csr_matrix:
    """Change of each cell's loss at the step that masks each group, by running sums.

    The least work is one update of a block's sums for each input that is changed, and the tail
    once for each step that moves a sum; where the tail splits by block, the moved block's part of
    it and what comes after the blocks meet. At the paper's size that are 4,811 steps of a walk,
    not 127,219, each of 212 k multiply-adds: 1 G.

    Parameters
    ----------
    surrogate
        Frozen, with an additive layer.
    encoded
        The unmasked inputs.
    rows
        The cells of `encoded` that walk; all where None.
    sums
        Their hidden sums, shape (cells, n_blocks, hidden).
    groups
        What one step masks.
    steps
        At which each group is masked, shape (cells, groups).
    losses_of
        Losses of rows that go through the tail, or through its last part.

    Returns
    -------
    csr_matrix
        float64, shape (cells, groups); see `MaskedPopulation.walk`.
    """
    inputs, p = encoded.columns(groups.features, rows), encoded.perturbation[groups.features]
    parts = surrogate.parts(sums) if surrogate.splits_by_block else None
    tail = surrogate.tail if parts is None else surrogate.head
    width = sums[:1].numel() if parts is None else sums.shape[-1]

    def losses(of: Tensor) -> np.ndarray:
        found = [losses_of(some, tail) for some in of.split(STEP_CHUNK)]
        return torch.cat([sums.new_zeros(0), *found]).double().cpu().numpy()

    before = losses(sums if parts is None else parts.sum(dim=1))
    found = [(np.zeros(0), np.zeros(0, dtype=np.int64))]
    counts = np.zeros(len(sums), dtype=np.int64)
    for pairs in changed_pairs(inputs, p, groups, CHANGE_CHUNK):
        path = Path.of(encoded.layer, pairs, steps)
        after = [np.zeros(0)]
        for piece in path.pieces(max(1, WALK_CHUNK // max(1, width))):
            passed = piece.sums(sums) if parts is None else piece.totals(surrogate, sums, parts)
            after.append(losses(passed))
        found.append((path.changes(before, np.concatenate(after)), pairs.group))
        counts += np.bincount(pairs.cell, minlength=len(counts))
    data, indices = (np.concatenate(some) for some in zip(*found, strict=True))
    pointers = np.concatenate([[0], np.cumsum(counts)])
    return sp.csr_matrix((data, indices, pointers), shape=(len(sums), groups.count))
