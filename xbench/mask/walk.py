"""Walks: the loss of each cell while its features are masked one after the other.

Cells are walked through their hidden sums.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from xbench.mask.changed_pairs import ChangedPairs, changed_pairs, run_starts
from xbench.mask.encoded import EncodedPopulation
from xbench.mask.population import Groups
from xbench.mask.steps import step_of
from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Surrogate

# Changed inputs brought into walking order at once: some tens of MB.
CHANGE_CHUNK = 2**18
# Numbers of running sums at once, which should stay in a core's cache.
WALK_CHUNK = 2**18
# Steps that go through the tail at once, for the same reason.
STEP_CHUNK = 2048

Losses = Callable[[Tensor, Callable[..., Tensor]], Tensor]


def additive_walk(
    surrogate: Surrogate,
    encoded: EncodedPopulation,
    rows: np.ndarray | None,
    sums: Tensor,
    groups: Groups,
    steps: np.ndarray | sp.csr_matrix,
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
    tail = surrogate.tail if parts is None else surrogate.head_in_order
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


@dataclass(frozen=True)
class Path:
    """Changed inputs that move a hidden sum, in order: cell after cell, step after step.

    Features that no hidden sum depends on are passed without being looked at.

    Parameters
    ----------
    layer
        Whose sums are moved.
    pairs
        All pairs of a cell and a group that is masked on the way.
    pair, cell, feature, change
        Of each move, shape (moves,).
    """

    layer: AdditiveLayer
    pairs: ChangedPairs
    pair: np.ndarray
    cell: np.ndarray
    feature: np.ndarray
    change: np.ndarray

    @classmethod
    def of(
        cls, layer: AdditiveLayer, pairs: ChangedPairs, steps: np.ndarray | sp.csr_matrix
    ) -> "Path":
        """Order changed pairs by the steps that mask them, shape (cells, groups)."""
        place = pairs.cell * (2 * steps.shape[1]) + step_of(steps, pairs.cell, pairs.group)
        moving = np.flatnonzero(layer.moves[pairs.feature])
        moving = moving[np.argsort(place[pairs.pair[moving]])]
        pair = pairs.pair[moving]
        feature, change = pairs.feature[moving], pairs.change[moving]
        return cls(layer, pairs, pair, pairs.cell[pair], feature, change)

    def pieces(self, together: int) -> "Iterator[Path]":
        """Cut it between cells into pieces of about `together` moves."""
        starts = np.flatnonzero(run_starts(self.cell))
        edges = np.append(starts[run_starts(starts // together)], len(self.cell))
        for first, last in pairwise(edges):
            moves = (self.pair, self.cell, self.feature, self.change)
            yield Path(self.layer, self.pairs, *(of[first:last] for of in moves))

    def sums(self, sums: Tensor) -> Tensor:
        """Hidden sums after each step that moves one, shape (steps, n_blocks, hidden).

        Parameters
        ----------
        sums
            Unmasked, shape (cells, n_blocks, hidden).
        """
        by = self._by()[:, None]
        if self.layer.n_blocks > 1:
            own = torch.arange(len(by), device=by.device), self._block()
            by = by.new_zeros(len(by), *sums.shape[1:]).index_put_(own, by[:, 0])
        starts = run_starts(self.cell)
        passed = _running(by, starts, sums[_put(self.cell[starts], sums)])
        return _chosen(passed, _run_ends(self.pair))

    def totals(self, surrogate: Surrogate, sums: Tensor, parts: Tensor) -> Tensor:
        """Sum over the blocks of their parts after each step that moves a sum.

        Each block is followed through its own moves; then the changes of all blocks' parts are put
        in walking order again. Shape (steps, part).

        Parameters
        ----------
        surrogate
            Whose tail splits by block.
        sums, parts
            Unmasked, shapes (cells, n_blocks, hidden) and (cells, n_blocks, part).
        """
        block = self._block().cpu().numpy()
        order = np.argsort(block * len(block) + np.arange(len(block)))
        cell, block, pair = self.cell[order], block[order], self.pair[order]
        starts, last = run_starts(block, cell), _run_ends(block, pair)
        begin = _put(cell[starts], sums), _put(block[starts], sums)
        passed = _running(_chosen(self._by(), order), starts, sums[begin])
        after = _parts_of(surrogate, _chosen(passed, last), block[last], parts)
        starts = run_starts(block[last], cell[last])
        change = _changes(after, starts, parts[begin].double())

        order = np.argsort(order[last])
        cell, pair = cell[last][order], pair[last][order]
        starts = run_starts(cell)
        total = parts.double().sum(dim=1)[_put(cell[starts], sums)]
        passed = _running(_chosen(change, order), starts, total)
        return _chosen(passed, _run_ends(pair)).to(sums.dtype)

    def changes(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Change of the loss at each pair, shape (pairs,).

        Parameters
        ----------
        before, after
            Loss of each cell unmasked, and after each step that moves a sum.
        """
        last = _run_ends(self.pair)
        cell = self.cell[last]
        starts = run_starts(cell)
        change = np.zeros(len(self.pairs.cell))
        change[self.pair[last]] = np.diff(after, prepend=0)
        change[self.pair[last][starts]] = after[starts] - before[cell[starts]]
        return change

    def _block(self) -> Tensor:
        return self.layer.block_of[_put(self.feature, self.layer.weight)]

    def _by(self) -> Tensor:
        """What each move adds to its block's sums, shape (moves, hidden)."""
        weight = self.layer.weight
        rows = weight.index_select(0, _put(self.feature, weight))
        return rows.mul_(_put(self.change, weight)[:, None])


def _put(numbers: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(numbers).to(like.device)


def _chosen(rows: Tensor, numbers: np.ndarray) -> Tensor:
    """Rows at some numbers, without a copy where these are all in order."""
    if len(numbers) == len(rows) and (numbers == np.arange(len(rows))).all():
        return rows
    return rows.index_select(0, _put(numbers, rows))


def _run_ends(*keys: np.ndarray) -> np.ndarray:
    """Return the last position of each run of equal keys."""
    starts = run_starts(*keys)
    return np.flatnonzero(np.append(starts[1:], True)[: len(starts)])


def _running(by: Tensor, starts: np.ndarray, begin: Tensor) -> Tensor:
    """Running sums of runs of rows, in the place of `by`.

    Parameters
    ----------
    by
        What each row adds, shape (n, ...).
    starts
        Where a run begins, shape (n,).
    begin
        What each run begins with, shape (runs, ...).
    """
    first = np.flatnonzero(starts)
    by[_put(first, by)] += begin
    for here, end in pairwise([*first.tolist(), len(by)]):
        by[here:end].cumsum_(dim=0)
    return by


def _changes(after: Tensor, starts: np.ndarray, begin: Tensor) -> Tensor:
    """What `_running` with the same runs would sum up to `after`."""
    change = after - after.roll(1, 0)
    first = _put(starts, after)
    change[first] = after[first] - begin
    return change


def _parts_of(surrogate: Surrogate, sums: Tensor, block: np.ndarray, parts: Tensor) -> Tensor:
    """Parts of sums that are sorted by their blocks, shape (n, part).

    In double: thousands of small changes of them then add up to no more than they are themselves.
    """
    found = [parts.new_zeros(0, parts.shape[-1])]
    for first, last in pairwise([*np.flatnonzero(run_starts(block)), len(block)]):
        own = _put(block[first : first + 1], sums)
        found.append(surrogate.parts(sums[first:last, None], own)[:, 0])
    return torch.cat(found).double()
