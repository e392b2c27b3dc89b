"""The mask operator for surrogates with an additive first layer."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from xbench.mask.effects import Effects, additive_effects
from xbench.mask.encoded import EncodedPopulation
from xbench.mask.masked_values import check_masks, sums_under_masks
from xbench.mask.noisy_gradients import noisy_gradient_of_sums
from xbench.mask.objective import Objective, explained
from xbench.mask.path import check_path, path_attributions_of_sums
from xbench.mask.population import (
    EvaluationCounts,
    Groups,
    Subset,
    check_added,
    check_subset,
    check_swap,
    disjoint_groups,
    each_alone,
    one_after_the_other,
    without,
)
from xbench.mask.relaxed import change_by_feature, change_by_pair, charged, check_mask
from xbench.mask.steps import steps_of_groups
from xbench.mask.walk import additive_walk
from xbench.surrogates.surrogate import Surrogate

Tail = Callable[[Tensor, Tensor], Tensor]

# Cells that go through the tail at once: some tens of MB at the paper's layer sizes.
TAIL_CHUNK = 4096
# (cell, candidate) pairs tried at once: 200 MB of hidden sums at the paper's size.
PAIR_CHUNK = 2**17
# Numbers in one chunk of dense gradients: 256 MB of float32.
GRADIENT_CHUNK = 2**26
# Subsets from which on it pays to go through them cell by cell: rows of one cell are near.
MANY = 128


class AdditivePopulation:
    """A masked population that updates only the sums that masking changes.

    Parameters
    ----------
    surrogate
        Frozen, with an additive layer.
    encoded
        The inputs, encoded by that layer.
    objective
        What masking should lower.
    wanted
        Outputs the number explained is made of.
    rows
        The cells of `encoded` that belong to this population; all where None.
    counts
        Charged with every evaluation.
    """

    def __init__(
        self,
        surrogate: Surrogate,
        encoded: EncodedPopulation,
        objective: Objective,
        wanted: Sequence[int],
        rows: np.ndarray | None = None,
        counts: EvaluationCounts | None = None,
    ) -> None:
        self.counts = counts if counts is not None else EvaluationCounts()
        self._surrogate, self._encoded, self._objective = surrogate, encoded, objective
        self._layer = encoded.layer
        self._device = self._layer.weight.device
        self._wanted = torch.as_tensor(list(wanted), device=self._device)
        self._rows = rows
        self._sums = encoded.sums if rows is None else encoded.sums[self._index(rows)]

    @property
    def n_cells(self) -> int:
        """Number of inputs in the population."""
        return len(self._sums)

    @property
    def n_features(self) -> int:
        """Number of features of an input."""
        return self._layer.n_features

    def batch(self, rows: np.ndarray) -> "AdditivePopulation":
        """Return the cells at `rows` as a population that is charged to the same counts."""
        own = np.arange(self.n_cells) if self._rows is None else self._rows
        return AdditivePopulation(
            self._surrogate,
            self._encoded,
            self._objective,
            self._wanted.tolist(),
            own[rows],
            self.counts,
        )

    @torch.no_grad()
    def outputs(self, subset: Subset = ()) -> np.ndarray:
        """Wanted outputs with `subset` masked, shape (n_cells, wanted outputs)."""
        self.counts.add(forward=self.n_cells)
        return self._tail(self._masked_sums(check_subset(subset, self.n_features))).cpu().numpy()

    def values(self, subset: Subset = ()) -> np.ndarray:
        """The number explained for each cell with `subset` masked, shape (n_cells,)."""
        return explained(torch.from_numpy(self.outputs(subset))).numpy()

    @torch.no_grad()
    def masked_values(self, cell: int, features: Subset, masks: np.ndarray) -> np.ndarray:
        """The number explained for one cell under masks of its own, shape (n masks,)."""
        chosen, masks = check_masks(cell, features, masks, self.n_cells, self.n_features)
        self.counts.add(forward=len(masks))
        row = cell if self._rows is None else int(self._rows[cell])
        parts = sums_under_masks(self._encoded, row, chosen, masks)
        values = [explained(self._tail(sums)) for sums in parts]
        return torch.cat([self._sums.new_zeros(0), *values]).cpu().numpy()

    @torch.no_grad()
    def losses(self, subsets: Sequence[Subset]) -> np.ndarray:
        """Mean loss for each of several subsets, shape (n subsets,).

        Only cells that a subset changes go through the tail again.
        """
        if not len(subsets):
            return np.zeros(0, dtype=np.float32)
        self.counts.add(forward=self.n_cells * len(subsets))
        if self._surrogate.splits_by_block and len(subsets) >= MANY:
            together = one_after_the_other([check_subset(one, self.n_features) for one in subsets])
            found = self._effects(together, np.zeros(0, dtype=np.int64))
            return found.mean_losses().astype(np.float32)
        unmasked = self._losses_of(self._sums)
        result = np.empty(len(subsets), dtype=np.float32)
        pending: list[tuple[int, np.ndarray, Tensor]] = []
        for number, subset in enumerate(subsets):
            changes = self._changes(check_subset(subset, self.n_features))
            cells = np.flatnonzero(changes.any(axis=1))
            indices = np.asarray(subset, dtype=np.int64)
            sums = self._add(self._sums[self._index(cells)], indices, changes[cells])
            pending.append((number, cells, sums))
            if sum(len(cells) for _, cells, _ in pending) >= TAIL_CHUNK:
                self._settle(pending, unmasked, result)
                pending = []
        self._settle(pending, unmasked, result)
        return result

    def descent(self, subset: Subset = ()) -> np.ndarray:
        """First-order change of the mean loss if feature j were masked too, shape (d,)."""
        self.counts.add(forward=self.n_cells, gradient=self.n_cells)
        masked = self._masked_sums(check_subset(subset, self.n_features))
        gradient = self._gradient(masked, self._objective.loss)
        return self._encoded.project(gradient / self.n_cells, self._rows)

    @torch.no_grad()
    def swap_losses(self, subset: Subset, position: int, candidates: Subset) -> np.ndarray:
        """Exact mean loss if `subset[position]` were replaced by each candidate, shape (k,).

        A candidate that already equals p in a cell changes nothing there: only the other (cell,
        candidate) pairs go through the tail, and the cells once without any candidate. Where the
        tail splits by block, the changed block's small part of it is computed for all pairs, and
        the rest of it, nearly all the work, for the changed ones.
        """
        rest, tried = check_swap(subset, position, candidates, self.n_features)
        if not len(tried):
            return np.zeros(0, dtype=np.float32)
        self.counts.add(forward=self.n_cells * len(tried))
        base = self._masked_sums(rest)
        together = max(1, PAIR_CHUNK // max(1, self.n_cells))
        losses = [
            self._tried_losses(base, tried[start : start + together])
            for start in range(0, len(tried), together)
        ]
        return torch.cat(losses).cpu().numpy()

    def _tried_losses(self, base: Tensor, tried: np.ndarray) -> Tensor:
        """Mean loss with each feature masked on top of `base`, shape (k,)."""
        changes = self._changes(tried)
        cells, columns = (self._index(numbers) for numbers in np.nonzero(changes))
        feature = self._index(tried)
        block = self._layer.block_of[feature]
        change = torch.from_numpy(changes).to(self._device)
        # One row a cell without any candidate, and one for each pair that a candidate changes.
        if self._surrogate.splits_by_block:
            moved = base[:, block] + change[:, :, None] * self._layer.weight[feature]
            parts = self._surrogate.parts(base)
            total = parts.sum(dim=1)
            after = total[:, None] + self._surrogate.parts(moved, block) - parts[:, block]
            rows = torch.cat([total, after[cells, columns]])
            evaluated = self._losses_of(rows, self._surrogate.head)
        else:
            pairs = base[cells]
            step = change[cells, columns][:, None] * self._layer.weight[feature[columns]]
            pairs[torch.arange(len(cells), device=self._device), block[columns]] += step
            evaluated = self._losses_of(torch.cat([base, pairs]))
        losses = evaluated[: self.n_cells, None].repeat(1, len(tried))
        losses[cells, columns] = evaluated[self.n_cells :]
        return losses.mean(dim=0)

    def effects(self, groups: Sequence[Subset] | None = None, subset: Subset = ()) -> sp.csr_matrix:
        """Change of each cell's loss for each group masked on top, shape (n_cells, groups)."""
        disjoint = disjoint_groups(groups, self.n_features)
        self.counts.add(forward=self.n_cells * (disjoint.count + 1))
        return self._effects(disjoint, check_subset(subset, self.n_features)).changes

    def added_losses(self, subset: Subset, candidates: Subset) -> np.ndarray:
        """Exact mean loss with each candidate masked on top of `subset`, shape (k,)."""
        chosen, tried = check_added(subset, candidates, self.n_features)
        if not len(tried):
            return np.zeros(0)
        self.counts.add(forward=self.n_cells * len(tried))
        return self._effects(each_alone(tried), chosen).mean_losses()

    @torch.no_grad()
    def _effects(self, groups: Groups, chosen: np.ndarray) -> Effects:
        return additive_effects(
            self._surrogate,
            self._encoded,
            self._rows,
            self._masked_sums(chosen),
            without(groups, chosen),
            self._losses_of,
        )

    @torch.no_grad()
    def walk(
        self,
        permutations: np.ndarray | sp.csr_matrix,
        groups: Sequence[Subset] | np.ndarray | None = None,
        *,
        of_number: bool = False,
    ) -> sp.csr_matrix:
        """Change of each cell's loss at the step that masks each group, shape (n_cells, groups)."""
        disjoint = disjoint_groups(groups, self.n_features)
        steps = steps_of_groups(permutations, self.n_cells, disjoint.count)
        self.counts.add(forward=self.n_cells * (disjoint.count + 1))
        walking = (self._surrogate, self._encoded, self._rows, self._sums)
        told = self._numbers_of if of_number else self._losses_of
        return additive_walk(*walking, disjoint, steps, told)

    def gradients(self, subset: Subset = ()) -> Iterator[np.ndarray]:
        """Gradient of the number explained by the input, in chunks of (cells, n_features)."""
        masked = self._masked_sums(check_subset(subset, self.n_features))
        for part in masked.split(max(1, GRADIENT_CHUNK // self.n_features)):
            self.counts.add(forward=len(part), gradient=len(part))
            by_sums = self._gradient(part, lambda values: values)
            blocks = [
                by_sums[:, block] @ weight.T for block, weight in enumerate(self._layer.weights)
            ]
            yield torch.cat(blocks, dim=1).cpu().numpy()

    def noisy_gradients(
        self, noise: float, samples: int, generator: torch.Generator, *, absolute: bool
    ) -> np.ndarray:
        """Mean gradient of the number explained at noisy copies of the cells, shape (d,)."""
        asked = self.n_cells * samples
        self.counts.add(forward=asked, gradient=asked)
        return (
            noisy_gradient_of_sums(
                self._layer,
                self._sums,
                lambda sums: self._gradient(sums, lambda values: values),
                noise=noise,
                samples=samples,
                generator=generator,
                absolute=absolute,
            )
            .cpu()
            .numpy()
        )

    def path_attributions(
        self,
        points: np.ndarray,
        weights: np.ndarray,
        *,
        absolute: bool,
        noise: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> np.ndarray:
        """Mean over cells of (x_j - p_j) times weighted gradients from p to x, shape (d,)."""
        checked = check_path(points, weights, self.n_cells)
        asked = self.n_cells * len(checked[1])
        self.counts.add(forward=asked, gradient=asked)
        return path_attributions_of_sums(
            self._encoded,
            self._rows,
            self._sums,
            lambda sums: self._gradient(sums, lambda values: values),
            *checked,
            absolute=absolute,
            noise=noise,
            generator=generator,
        )

    def changing_pairs(self) -> sp.csr_matrix:
        """Changes p - x that masking can make, shape (n_cells, n_features); no zero is stored."""
        changing = self._encoded.changing
        return changing if self._rows is None else changing[self._rows]

    def relaxed_losses(self, mask: Tensor) -> Tensor:
        """Loss of each cell under one relaxed mask, shape (n_cells,), differentiable in it."""
        checked = check_mask(mask, self.n_features, "feature")
        return self._relaxed(change_by_feature(self._encoded, self._rows, checked))

    def relaxed_pair_losses(self, mask: Tensor) -> Tensor:
        """The same with an m for each entry of `changing_pairs`, in its order."""
        return self._relaxed(change_by_pair(self._encoded, self._rows, mask))

    def _relaxed(self, change: Tensor) -> Tensor:
        self.counts.add(forward=self.n_cells)
        return charged(self._losses_of(self._sums + change), self.counts)

    def _index(self, numbers: np.ndarray) -> Tensor:
        return torch.from_numpy(np.asarray(numbers, dtype=np.int64)).to(self._device)

    def _changes(self, features: np.ndarray) -> np.ndarray:
        return self._encoded.changes(features, self._rows)

    def _masked_sums(self, subset: np.ndarray) -> Tensor:
        return self._add(self._sums, subset, self._changes(subset))

    def _add(self, sums: Tensor, features: np.ndarray, changes: np.ndarray) -> Tensor:
        """Return `sums` plus each feature's change in its own block."""
        if not len(features):
            return sums
        feature = self._index(features)
        step = torch.from_numpy(changes).to(self._device)
        contribution = step[:, :, None] * self._layer.weight[feature]
        return sums.index_add(1, self._layer.block_of[feature], contribution)

    def _tail(self, sums: Tensor, tail: Tail | None = None) -> Tensor:
        """Wanted outputs, in chunks, by the surrogate's tail or by a later part of it."""
        if not len(sums):  # No cell changes: not every layer takes an empty batch.
            return sums.new_zeros(0, len(self._wanted))
        self.counts.add(computed=len(sums))
        tail = tail or self._surrogate.tail
        return torch.cat([tail(part, self._wanted) for part in sums.split(TAIL_CHUNK)])

    def _numbers_of(self, sums: Tensor, tail: Tail | None = None) -> Tensor:
        return explained(self._tail(sums, tail))

    def _losses_of(self, sums: Tensor, tail: Tail | None = None) -> Tensor:
        return self._objective.loss(self._numbers_of(sums, tail))

    def _gradient(self, sums: Tensor, of: Callable[[Tensor], Tensor]) -> Tensor:
        parts = []
        for part in sums.split(TAIL_CHUNK):
            leaf = part.detach().requires_grad_()
            # Of one number: `grad` that is handed a gradient imports sympy, half a second.
            total = of(explained(self._tail(leaf))).sum()
            parts.append(torch.autograd.grad(total, leaf)[0])
        return torch.cat(parts)

    def _settle(
        self, pending: list[tuple[int, np.ndarray, Tensor]], unmasked: Tensor, result: np.ndarray
    ) -> None:
        """Evaluate pending subsets in one pass of the tail and write their mean losses."""
        if not pending:
            return
        changed = self._losses_of(torch.cat([sums for _, _, sums in pending]))
        start = 0
        for number, cells, sums in pending:
            losses = unmasked.clone()
            losses[self._index(cells)] = changed[start : start + len(sums)]
            result[number] = losses.mean().item()
            start += len(sums)
