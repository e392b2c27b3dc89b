"""The same questions, answered densely for any `nn.Module`: by autograd and by full passes.

Inputs become dense some cells at a time. Effects and walks take a full pass for each group or step.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.mask.changed_pairs import changing_pairs
from xbench.mask.masked_values import check_masks, inputs_under_masks
from xbench.mask.objective import Objective, explained
from xbench.mask.path import check_path
from xbench.mask.population import (
    EvaluationCounts,
    Groups,
    Subset,
    check_added,
    check_subset,
    check_swap,
    disjoint_groups,
    perturbation_vector,
    without,
)
from xbench.mask.relaxed import by_cell, charged, check_mask
from xbench.mask.steps import every_step, steps_of_groups


class DensePopulation:
    """A masked population for a model whose inside is not known.

    Every question is a number of full passes over chunks of dense inputs, so it costs what a
    black box costs; `AdditivePopulation` is tested against it.

    Parameters
    ----------
    model
        Maps (n, n_features) to (n, outputs); frozen.
    inputs
        CSR or array, shape (n, n_features).
    objective
        What masking should lower.
    wanted
        Outputs the number explained is made of.
    perturbation
        p: a number, or shape (n_features,).
    chunk_cells
        Cells in one pass; by default as many as hold `CHUNK` numbers.
    """

    def __init__(
        self,
        model: nn.Module,
        inputs: sp.csr_matrix | np.ndarray,
        objective: Objective,
        wanted: Sequence[int],
        perturbation: float | np.ndarray = 0.0,
        *,
        counts: EvaluationCounts | None = None,
        chunk_cells: int | None = None,
        device: str = "cpu",
    ) -> None:
        self.counts = counts if counts is not None else EvaluationCounts()
        self._model, self._inputs, self._objective = model, inputs, objective
        self._wanted = list(wanted)
        self._p = perturbation_vector(perturbation, inputs.shape[1])
        self._chunk = chunk_cells
        self._device = device

    @property
    def n_cells(self) -> int:
        """Number of inputs in the population."""
        return int(self._inputs.shape[0])

    @property
    def n_features(self) -> int:
        """Number of features of an input."""
        return int(self._inputs.shape[1])

    def batch(self, rows: np.ndarray) -> "DensePopulation":
        """Return the cells at `rows` as a population that is charged to the same counts."""
        return DensePopulation(
            self._model,
            self._inputs[rows],
            self._objective,
            self._wanted,
            self._p,
            counts=self.counts,
            chunk_cells=self._chunk,
            device=self._device,
        )

    def outputs(self, subset: Subset = ()) -> np.ndarray:
        """Wanted outputs with `subset` masked, shape (n_cells, wanted outputs)."""
        self.counts.add(forward=self.n_cells)
        return self._outputs(check_subset(subset, self.n_features)).cpu().numpy()

    def values(self, subset: Subset = ()) -> np.ndarray:
        """The number explained for each cell with `subset` masked, shape (n_cells,)."""
        return explained(torch.from_numpy(self.outputs(subset))).numpy()

    @torch.no_grad()
    def masked_values(self, cell: int, features: Subset, masks: np.ndarray) -> np.ndarray:
        """The number explained for one cell under masks of its own, shape (n masks,)."""
        chosen, masks = check_masks(cell, features, masks, self.n_cells, self.n_features)
        self.counts.add(forward=len(masks), computed=len(masks))
        x = next(dense_chunks(self._inputs[[cell]])).numpy()[0]
        parts = [
            self._model(torch.from_numpy(inputs).to(self._device))[:, self._wanted]
            for inputs in inputs_under_masks(x, self._p, chosen, masks)
        ]
        return torch.cat([torch.zeros(0), *(explained(part).cpu() for part in parts)]).numpy()

    def losses(self, subsets: Sequence[Subset]) -> np.ndarray:
        """Mean loss for each of several subsets, shape (n subsets,)."""
        self.counts.add(forward=self.n_cells * len(subsets))
        checked = [check_subset(subset, self.n_features) for subset in subsets]
        return np.array([self._mean_loss(subset) for subset in checked], dtype=np.float32)

    def descent(self, subset: Subset = ()) -> np.ndarray:
        """First-order change of the mean loss if feature j were masked too, shape (d,)."""
        self.counts.add(forward=self.n_cells, gradient=self.n_cells)
        chosen = check_subset(subset, self.n_features)
        p = torch.from_numpy(self._p).to(self._device)
        result = torch.zeros(self.n_features, device=self._device)
        for x, gradient in self._gradients(chosen, self._objective.loss):
            result += (gradient * (p - x)).sum(dim=0)
        return (result / self.n_cells).cpu().numpy()

    def swap_losses(self, subset: Subset, position: int, candidates: Subset) -> np.ndarray:
        """Exact mean loss if `subset[position]` were replaced by each candidate, shape (k,)."""
        rest, tried = check_swap(subset, position, candidates, self.n_features)
        self.counts.add(forward=self.n_cells * len(tried))
        losses = [self._mean_loss(np.append(rest, candidate)) for candidate in tried]
        return np.array(losses, dtype=np.float32)

    def effects(self, groups: Sequence[Subset] | None = None, subset: Subset = ()) -> sp.csr_matrix:
        """Change of each cell's loss for each group masked on top, shape (n_cells, groups)."""
        disjoint = disjoint_groups(groups, self.n_features)
        self.counts.add(forward=self.n_cells * (disjoint.count + 1))
        chosen = check_subset(subset, self.n_features)
        left = without(disjoint, chosen)
        return dense_effects(self._inputs, self._p, left, chosen, self._losses)

    def added_losses(self, subset: Subset, candidates: Subset) -> np.ndarray:
        """Exact mean loss with each candidate masked on top of `subset`, shape (k,)."""
        chosen, tried = check_added(subset, candidates, self.n_features)
        self.counts.add(forward=self.n_cells * len(tried))
        losses = [self._losses(np.append(chosen, feature)) for feature in tried]
        return np.array([loss.mean(dtype=np.float64) for loss in losses])

    def walk(
        self,
        permutations: np.ndarray | sp.csr_matrix,
        groups: Sequence[Subset] | np.ndarray | None = None,
        *,
        of_number: bool = False,
    ) -> sp.csr_matrix:
        """Change of each cell's loss at the step that masks each group, shape (n_cells, groups)."""
        disjoint = disjoint_groups(groups, self.n_features)
        steps = every_step(steps_of_groups(permutations, self.n_cells, disjoint.count))
        self.counts.add(forward=self.n_cells * (disjoint.count + 1))
        told = self._numbers_at if of_number else self._losses_at
        return dense_walk(self._inputs, self._p, disjoint, steps, told)

    def gradients(self, subset: Subset = ()) -> Iterator[np.ndarray]:
        """Gradient of the number explained by the input, in chunks of (cells, n_features)."""
        chosen = check_subset(subset, self.n_features)
        for _, gradient in self._gradients(chosen, lambda values: values):
            self.counts.add(forward=len(gradient), gradient=len(gradient))
            yield gradient.cpu().numpy()

    def noisy_gradients(
        self, noise: float, samples: int, generator: torch.Generator, *, absolute: bool
    ) -> np.ndarray:
        """Mean gradient of the number explained at noisy copies of the cells, shape (d,)."""
        total = torch.zeros(self.n_features, device=self._device)
        for x in self._chunks():
            for _ in range(samples):
                self.counts.add(forward=len(x), gradient=len(x), computed=len(x))
                drawn = torch.randn(x.shape, generator=generator).to(x.device)
                leaf = (x + noise * drawn).requires_grad_()
                number = explained(self._model(leaf)[:, self._wanted]).sum()
                gradient = torch.autograd.grad(number, leaf)[0]
                total += (gradient.abs() if absolute else gradient).sum(dim=0)
        return (total / (self.n_cells * samples)).cpu().numpy()

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
        every, weight = check_path(points, weights, self.n_cells)
        p = torch.from_numpy(self._p).to(self._device)
        total, start = np.zeros(self.n_features), 0
        for x in self._chunks():
            own = every[start : start + len(x)].to(self._device)
            start += len(x)
            gradient = torch.zeros_like(x)
            for number, share in enumerate(weight.tolist()):
                self.counts.add(forward=len(x), gradient=len(x), computed=len(x))
                end = x
                if noise:
                    end = x + noise * torch.randn(x.shape, generator=generator).to(x.device)
                leaf = (p + own[:, number, None] * (end - p)).requires_grad_()
                explained_sum = explained(self._model(leaf)[:, self._wanted]).sum()
                gradient += share * torch.autograd.grad(explained_sum, leaf)[0]
            found = (x - p) * gradient
            total += (found.abs() if absolute else found).double().sum(dim=0).cpu().numpy()
        return total / self.n_cells

    def changing_pairs(self) -> sp.csr_matrix:
        """Changes p - x that masking can make, shape (n_cells, n_features); no zero is stored."""
        return changing_pairs(self._inputs, self._p)

    def relaxed_losses(self, mask: Tensor) -> Tensor:
        """Loss of each cell under one relaxed mask, shape (n_cells,), differentiable in it."""
        checked = check_mask(mask, self.n_features, "feature")
        return self._relaxed(checked.expand(self.n_cells, -1))

    def relaxed_pair_losses(self, mask: Tensor) -> Tensor:
        """The same with an m for each entry of `changing_pairs`, in its order."""
        return self._relaxed(by_cell(self.changing_pairs(), mask))

    def _relaxed(self, mask: Tensor) -> Tensor:
        """Loss of each cell under its row of the mask; every chunk's graph is kept."""
        self.counts.add(forward=self.n_cells, computed=self.n_cells)
        p = torch.from_numpy(self._p).to(self._device)
        masks = mask.split([len(x) for x in self._chunks()])
        relaxed = [x + m * (p - x) for x, m in zip(self._chunks(), masks, strict=True)]
        outputs = torch.cat([self._model(x)[:, self._wanted] for x in relaxed])
        return charged(self._objective.loss(explained(outputs)), self.counts)

    def _chunks(self) -> Iterator[Tensor]:
        return dense_chunks(self._inputs, self._device, self._chunk)

    def _masked(self, x: Tensor, subset: np.ndarray) -> Tensor:
        masked = x.clone()
        masked[:, subset] = torch.from_numpy(self._p[subset]).to(self._device)
        return masked

    @torch.no_grad()
    def _outputs(self, subset: np.ndarray) -> Tensor:
        parts = []
        for x in self._chunks():
            self.counts.add(computed=len(x))
            parts.append(self._model(self._masked(x, subset))[:, self._wanted])
        return torch.cat(parts)

    def _losses(self, subset: np.ndarray) -> np.ndarray:
        return self._objective.loss(explained(self._outputs(subset))).cpu().numpy()

    @torch.no_grad()
    def _numbers_at(self, x: np.ndarray) -> np.ndarray:
        self.counts.add(computed=len(x))
        outputs = self._model(torch.from_numpy(x).to(self._device))[:, self._wanted]
        return explained(outputs).cpu().numpy()

    def _losses_at(self, x: np.ndarray) -> np.ndarray:
        return self._objective.loss(torch.from_numpy(self._numbers_at(x))).numpy()

    def _mean_loss(self, subset: np.ndarray) -> float:
        return self._objective.loss(explained(self._outputs(subset))).mean().item()

    def _gradients(
        self, subset: np.ndarray, of: Callable[[Tensor], Tensor]
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Unmasked inputs and the gradient at the masked ones, chunk by chunk."""
        for x in self._chunks():
            self.counts.add(computed=len(x))
            leaf = self._masked(x, subset).requires_grad_()
            total = of(explained(self._model(leaf)[:, self._wanted])).sum()
            yield x, torch.autograd.grad(total, leaf)[0]


# Numbers in one dense chunk of inputs: 32 MB of float32 (a model may hold many times that).
CHUNK = 2**23


def dense_chunks(
    inputs: sp.csr_matrix | np.ndarray, device: str = "cpu", cells: int | None = None
) -> Iterator[Tensor]:
    """Yield inputs as float32 tensors of shape (some cells, n_features).

    Parameters
    ----------
    inputs
        Any SciPy sparse matrix with rows, or an array, shape (n, n_features).
    device
        Where the tensors are put.
    cells
        In one tensor; as many as hold `CHUNK` numbers where None.

    Examples
    --------
    >>> [len(chunk) for chunk in dense_chunks(np.ones((5, 3)), cells=2)]
    [2, 2, 1]
    """
    step = cells or max(1, CHUNK // inputs.shape[1])
    for start in range(0, inputs.shape[0], step):
        part = inputs[start : start + step]
        rows = part.toarray() if sp.issparse(part) else part  # type: ignore[union-attr]
        # A copy: what a caller does with the tensor must not reach the data.
        yield torch.from_numpy(np.array(rows, dtype=np.float32)).to(device)


def dense_effects(
    inputs: sp.csr_matrix | np.ndarray,
    perturbation: np.ndarray,
    groups: Groups,
    subset: np.ndarray,
    losses_of: Callable[[np.ndarray], np.ndarray],
) -> sp.csr_matrix:
    """Mask each group on top of the subset.

    Parameters
    ----------
    inputs
        CSR or array, shape (n, d).
    perturbation
        p, shape (d,).
    groups
        Without the features of the subset.
    subset
        Masked before.
    losses_of
        Losses of the cells with some features masked, shape (n,).

    Returns
    -------
    csr_matrix
        float32, shape (n, groups); an entry for each pair in which masking changes an input.
    """
    columns = sp.csc_matrix(inputs)
    edges = np.searchsorted(groups.number, np.arange(groups.count + 1))
    unmasked = losses_of(subset)
    cells, changes = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.float32)]
    for first, last in pairwise(edges):
        group = groups.features[first:last]
        changed = (columns[:, group].toarray() != perturbation[group]).any(axis=1)
        cells.append(np.flatnonzero(changed))
        changes.append((losses_of(np.append(subset, group)) - unmasked)[changed])
    pointers = np.cumsum([len(some) for some in cells])
    entries = (np.concatenate(changes), np.concatenate(cells), pointers)
    return sp.csc_matrix(entries, shape=(len(unmasked), groups.count)).tocsr()


def dense_walk(
    inputs: sp.csr_matrix | np.ndarray,
    perturbation: np.ndarray,
    groups: Groups,
    steps: np.ndarray,
    losses_of: Callable[[np.ndarray], np.ndarray],
) -> sp.csr_matrix:
    """Change of each cell's loss at the step that masks each group.

    Parameters
    ----------
    inputs
        CSR or array, shape (n, d).
    perturbation
        p, shape (d,).
    groups
        What one step masks.
    steps
        At which each group is masked, shape (n, groups).
    losses_of
        Losses of dense inputs, shape (some, d).

    Returns
    -------
    csr_matrix
        float64, shape (n, groups); see `MaskedPopulation.walk`.
    """
    rows = [sp.csr_matrix((0, groups.count))]
    together = max(1, CHUNK // inputs.shape[1])
    cells = (x.numpy()[0] for x in dense_chunks(inputs, cells=1))
    for x, own in zip(cells, steps, strict=True):
        # No step ever masks a feature that is in no group.
        masked_at = np.full(len(x), groups.count)
        masked_at[groups.features] = own[groups.number]
        walked = np.unique(masked_at[(x != perturbation) & (masked_at < groups.count)])
        losses = [losses_of(x[None])]
        for start in range(0, len(walked), together):
            masked = masked_at <= walked[start : start + together, None]
            losses.append(losses_of(np.where(masked, perturbation, x)))
        group = np.argsort(own)[walked]
        changes = np.diff(np.concatenate(losses).astype(np.float64))
        rows.append(sp.csr_matrix((changes, group, [0, len(group)]), shape=(1, groups.count)))
        rows[-1].sort_indices()
    return sp.csr_matrix(sp.vstack(rows))
