"""A population and its model as seen through some of the features: only these can be masked.

All other features keep the values that they have in each cell. A method that gets such a view
numbers its features from 0 on and can neither see nor choose any other.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.mask.dense import CHUNK
from xbench.mask.population import (
    EvaluationCounts,
    MaskedPopulation,
    Subset,
    check_added,
    check_subset,
    check_swap,
)
from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Surrogate


class RestrictedPopulation:
    """A masked population in which only some features can be masked; see `MaskedPopulation`.

    Every answer is the whole population's own, with features numbered by their place among
    those kept.

    Parameters
    ----------
    whole
        The population with all features.
    kept
        Which can be masked: positions, ascending, distinct.
    """

    def __init__(self, whole: MaskedPopulation, kept: np.ndarray) -> None:
        self._whole, self._kept = whole, check_subset(kept, whole.n_features)
        self.counts: EvaluationCounts = whole.counts

    @property
    def n_cells(self) -> int:
        """Number of inputs in the population."""
        return self._whole.n_cells

    @property
    def n_features(self) -> int:
        """Number of features that can be masked."""
        return len(self._kept)

    def batch(self, rows: np.ndarray) -> "RestrictedPopulation":
        """Return the cells at `rows` as a population that is charged to the same counts."""
        return RestrictedPopulation(self._whole.batch(rows), self._kept)

    def outputs(self, subset: Subset = ()) -> np.ndarray:
        """Wanted outputs with `subset` masked, shape (n_cells, wanted outputs)."""
        return self._whole.outputs(self._at(subset))

    def values(self, subset: Subset = ()) -> np.ndarray:
        """The number explained for each cell with `subset` masked, shape (n_cells,)."""
        return self._whole.values(self._at(subset))

    def masked_values(self, cell: int, features: Subset, masks: np.ndarray) -> np.ndarray:
        """The number explained for one cell under masks of its own, shape (n masks,)."""
        return self._whole.masked_values(cell, self._at(features), masks)

    def losses(self, subsets: Sequence[Subset]) -> np.ndarray:
        """Mean loss for each of several subsets, shape (n subsets,)."""
        return self._whole.losses([self._at(subset) for subset in subsets])

    def descent(self, subset: Subset = ()) -> np.ndarray:
        """First-order change of the mean loss if feature j were masked too, shape (kept,)."""
        return self._whole.descent(self._at(subset))[self._kept]

    def swap_losses(self, subset: Subset, position: int, candidates: Subset) -> np.ndarray:
        """Exact mean loss if `subset[position]` were replaced by each candidate, shape (k,)."""
        check_swap(subset, position, candidates, self.n_features)
        return self._whole.swap_losses(self._at(subset), position, self._at(candidates))

    def gradients(self, subset: Subset = ()) -> Iterator[np.ndarray]:
        """Gradient of the number explained by the input, in chunks of (cells, kept)."""
        for part in self._whole.gradients(self._at(subset)):
            yield part[:, self._kept]

    def noisy_gradients(
        self, noise: float, samples: int, generator: torch.Generator, *, absolute: bool
    ) -> np.ndarray:
        """Mean gradient at noisy copies of the cells, shape (kept,): all features get noise."""
        found = self._whole.noisy_gradients(noise, samples, generator, absolute=absolute)
        return found[self._kept]

    def path_attributions(
        self,
        points: np.ndarray,
        weights: np.ndarray,
        *,
        absolute: bool,
        noise: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> np.ndarray:
        """Mean attributions along the path from p to x, shape (kept,): all features move along."""
        found = self._whole.path_attributions(
            points, weights, absolute=absolute, noise=noise, generator=generator
        )
        return found[self._kept]

    def changing_pairs(self) -> sp.csr_matrix:
        """Changes p - x that masking can make, shape (n_cells, kept); no zero is stored."""
        return self._pairs[0]

    def relaxed_losses(self, mask: Tensor) -> Tensor:
        """Loss of each cell under one relaxed mask of the kept features, shape (n_cells,)."""
        _check_length(mask, self.n_features, "feature")
        return self._whole.relaxed_losses(_spread(mask, self._kept, self._whole.n_features))

    def relaxed_pair_losses(self, mask: Tensor) -> Tensor:
        """The same with an m for each entry of `changing_pairs`, in its order."""
        pairs, places, count = self._pairs
        _check_length(mask, pairs.nnz, "changing pair")
        return self._whole.relaxed_pair_losses(_spread(mask, places, count))

    def effects(self, groups: Sequence[Subset] | None = None, subset: Subset = ()) -> sp.csr_matrix:
        """Change of each cell's loss for each group masked on top, shape (n_cells, groups)."""
        return self._whole.effects(self._groups(groups), self._at(subset))

    def added_losses(self, subset: Subset, candidates: Subset) -> np.ndarray:
        """Exact mean loss with each candidate masked on top of `subset`, shape (k,)."""
        check_added(subset, candidates, self.n_features)
        return self._whole.added_losses(self._at(subset), self._at(candidates))

    def walk(
        self,
        permutations: np.ndarray | sp.csr_matrix,
        groups: Sequence[Subset] | np.ndarray | None = None,
        *,
        of_number: bool = False,
    ) -> sp.csr_matrix:
        """Change of each cell's loss at the step that masks each group, shape (n_cells, groups)."""
        return self._whole.walk(permutations, self._groups(groups), of_number=of_number)

    def _at(self, subset: Subset) -> np.ndarray:
        """Return where features of this view stand among all."""
        return self._kept[check_subset(subset, self.n_features)]

    def _groups(self, groups: Sequence[Subset] | np.ndarray | None) -> list[np.ndarray]:
        each = range(self.n_features) if groups is None else groups
        return [self._at(np.atleast_1d(group)) for group in each]

    @cached_property
    def _pairs(self) -> tuple[sp.csr_matrix, np.ndarray, int]:
        """Return the pairs of kept features, where each stands among all pairs, and their count."""
        pairs = self._whole.changing_pairs()
        # Numbers of entries instead of values, from 1 on: a sparse matrix may drop zeros.
        numbers = (np.arange(1, pairs.nnz + 1), pairs.indices, pairs.indptr)
        places = sp.csr_matrix(numbers, shape=pairs.shape)[:, self._kept]
        places.sort_indices()
        at = places.data - 1
        entries = (pairs.data[at], places.indices, places.indptr)
        return sp.csr_matrix(entries, shape=places.shape), at, pairs.nnz


def _check_length(mask: Tensor, size: int, what: str) -> None:
    if mask.shape != (size,):
        raise ValueError(
            f"mask has shape {tuple(mask.shape)} but must have ({size},): one for each {what}"
        )


def _spread(mask: Tensor, places: np.ndarray, count: int) -> Tensor:
    """Return a mask of all, 0 where nothing is masked, differentiable in the given one."""
    where = torch.from_numpy(np.asarray(places, dtype=np.int64)).to(mask.device)
    return mask.new_zeros(count).index_copy(0, where, mask)


def restricted_model(
    model: nn.Module, kept: np.ndarray, inputs: sp.csr_matrix | np.ndarray
) -> nn.Module:
    """Return a model of some of the features alone; the others stand at their means.

    A package that is handed a model feeds it rows without saying which cell each is of, so what
    the other features are in that cell cannot be known to it. The mask operator knows it.

    Parameters
    ----------
    model
        Of all features, frozen.
    kept
        Positions of the features that the new model takes, ascending.
    inputs
        What the means are taken over, shape (n, d).

    Returns
    -------
    nn.Module
        From (n, kept) to what `model` gives; a `Surrogate` of one.
    """
    means = np.array(inputs.mean(axis=0), dtype=np.float32).reshape(1, -1)
    means[:, kept] = 0
    if isinstance(model, Surrogate):
        return RestrictedSurrogate(model, kept, sp.csr_matrix(means)).frozen()
    return _RestrictedModule(model, kept, means)


class RestrictedSurrogate(Surrogate):
    """A surrogate of some features: what the others add to its hidden sums is a constant."""

    def __init__(self, base: Surrogate, kept: np.ndarray, others: sp.csr_matrix) -> None:
        super().__init__()
        self.base, self._kept, self._others = base, kept, others

    def additive_layer(self) -> AdditiveLayer:
        """Return the layer of the base with the weights of the kept features alone."""
        layer = self.base.additive_layer()
        with torch.no_grad():
            offset = layer.sparse_sums(self._others)[0]
        boundaries = np.searchsorted(self._kept, layer.boundaries)
        return AdditiveLayer(layer.weight[self._kept], offset, boundaries)

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Compute the outputs from hidden sums, as the base does."""
        return self.base.tail(sums, outputs)

    def for_outputs(self, outputs: Sequence[int]) -> Surrogate:
        """Return the same for some outputs alone."""
        return RestrictedSurrogate(self.base.for_outputs(outputs), self._kept, self._others)

    def forward(self, x: Tensor) -> Tensor:
        """Compute all outputs of dense inputs of the kept features."""
        return self.tail(self.additive_layer().sums(x))


class _RestrictedModule(nn.Module):
    """Any module, with some of its inputs fixed."""

    def __init__(self, base: nn.Module, kept: np.ndarray, others: np.ndarray) -> None:
        super().__init__()
        self.base = base
        self.register_buffer("_kept", torch.from_numpy(np.asarray(kept, dtype=np.int64)))
        self.register_buffer("_others", torch.from_numpy(others))
        self.train(base.training)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the outputs, a bounded number of rows at a time."""
        others: Tensor = self._others.to(x)  # type: ignore[assignment]
        parts = x.split(max(1, CHUNK // others.shape[1]))
        rows = [others.repeat(len(part), 1).index_copy(1, self._kept, part) for part in parts]  # type: ignore[arg-type]
        return torch.cat([self.base(row) for row in rows])
