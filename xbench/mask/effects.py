"""Exact effects of single groups, by updates of the sums that masking changes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as functional
from torch import Tensor

from xbench.mask.changed_pairs import ChangedPairs, changed_pairs, run_starts
from xbench.mask.encoded import EncodedPopulation
from xbench.mask.population import Groups
from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Surrogate

# Inputs looked at in one piece: some 50 MB at the paper's size, 100 MB without parts by block.
CHANGE_CHUNK = 2**16

Losses = Callable[[Tensor, Callable[..., Tensor]], Tensor]


@dataclass(frozen=True)
class Effects:
    """What masking each group does to each cell's loss.

    Parameters
    ----------
    unmasked
        Loss without any of the groups masked, shape (cells,).
    changes
        float32, shape (cells, groups): by how much masking the group changes the loss. There is
        an entry, maybe 0, for each pair in which masking changes some input, and no other.
    """

    unmasked: np.ndarray
    changes: sp.csr_matrix

    def mean_losses(self) -> np.ndarray:
        """Mean loss with each group masked, in double, shape (groups,)."""
        n_cells, n_groups = self.changes.shape
        total = np.bincount(self.changes.indices, self.changes.data, minlength=n_groups)
        return self.unmasked.mean(dtype=np.float64) + total / n_cells


def additive_effects(
    surrogate: Surrogate,
    encoded: EncodedPopulation,
    rows: np.ndarray | None,
    sums: Tensor,
    groups: Groups,
    losses_of: Losses,
) -> Effects:
    """Mask each group on top of what `sums` have masked.

    The least work is the tail once for each cell, and for each pair of a cell and a group in which
    masking moves a hidden sum. Where the tail splits by block, a pair needs only the changed
    block's part of it and what comes after the blocks meet.

    Parameters
    ----------
    surrogate
        Frozen, with an additive layer.
    encoded
        The unmasked inputs.
    rows
        The cells of `encoded` that are asked about; all where None.
    sums
        Their hidden sums with the subset masked, shape (cells, n_blocks, hidden).
    groups
        Without the features of the subset.
    losses_of
        Losses of rows that go through the tail, or through its last part.
    """
    inputs, p = encoded.columns(groups.features, rows), encoded.perturbation[groups.features]
    splits = surrogate.splits_by_block
    parts = surrogate.parts(sums) if splits else None
    tail = surrogate.head_in_order if splits else surrogate.tail
    unmasked = losses_of(sums if parts is None else parts.sum(dim=1), tail)
    found = [(np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.int64))]
    counts = np.zeros(len(sums), dtype=np.int64)
    for pairs in changed_pairs(inputs, p, groups, CHANGE_CHUNK):
        steps = _Steps.of(pairs, encoded.layer)
        moved = steps.moved(sums) if parts is None else steps.summed(surrogate, sums, parts)
        change = np.zeros(len(pairs.cell), dtype=np.float32)
        change[steps.pairs] = (losses_of(moved, tail) - unmasked[steps.cell]).cpu().numpy()
        found.append((change, pairs.group))
        counts += np.bincount(pairs.cell, minlength=len(counts))
    entries = tuple(np.concatenate(some) for some in zip(*found, strict=True))
    pointers = np.concatenate([[0], np.cumsum(counts)])
    shape = (len(sums), groups.count)
    return Effects(unmasked.cpu().numpy(), sp.csr_matrix((*entries, pointers), shape=shape))


@dataclass(frozen=True)
class _Steps:
    """How masking moves hidden sums: one step a pair and block, for pairs with any.

    Features that no hidden sum depends on make no step.

    Parameters
    ----------
    pairs, cell
        Pairs with a step, ascending, and their cells, shape (m,).
    row, block, by
        Which of the m pairs a step belongs to, the block that it moves, shape (steps,), and by how
        much, shape (steps, hidden).
    """

    pairs: np.ndarray
    cell: Tensor
    row: Tensor
    block: Tensor
    by: Tensor

    @classmethod
    def of(cls, pairs: ChangedPairs, layer: AdditiveLayer) -> "_Steps":
        device = layer.weight.device

        def put(numbers: np.ndarray) -> Tensor:
            return torch.from_numpy(numbers).to(device)

        moving = np.flatnonzero(layer.moves[pairs.feature])
        pair, feature = pairs.pair[moving], pairs.feature[moving]
        block = np.searchsorted(layer.boundaries, feature, side="right") - 1
        begins, starts = run_starts(pair), run_starts(pair, block)
        by = functional.embedding_bag(
            put(feature),
            layer.weight,
            put(np.flatnonzero(starts)),
            mode="sum",
            per_sample_weights=put(pairs.change[moving]),
        )
        row = np.cumsum(begins) - 1
        kept = pair[begins]
        return cls(kept, put(pairs.cell[kept]), put(row[starts]), put(block[starts]), by)

    def moved(self, sums: Tensor) -> Tensor:
        """Hidden sums of each pair, shape (m, n_blocks, hidden)."""
        moved = sums[self.cell]
        moved[self.row, self.block] += self.by
        return moved

    def summed(self, surrogate: Surrogate, sums: Tensor, parts: Tensor) -> Tensor:
        """Sum over the blocks of each pair's parts, shape (m, part)."""
        total = parts.sum(dim=1)[self.cell]
        order = torch.argsort(self.block, stable=True)
        sizes = torch.bincount(self.block).tolist()
        for block, here in enumerate(order.split(sizes)):
            if len(here):
                row = self.row[here]
                cell = self.cell[row]
                moved = sums[:, block][cell] + self.by[here]
                after = surrogate.parts(moved[:, None], self.block[here[:1]])[:, 0]
                total.index_add_(0, row, after - parts[:, block][cell])
        return total
