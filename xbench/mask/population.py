"""The questions that can be asked of a population under masking, and how they are counted.

Every method is charged by these counts. Groups are disjoint features, each masked as one.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, Protocol

import numpy as np
import scipy.sparse as sp

from xbench.errors import XbenchError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Subset = Sequence[int] | np.ndarray


class MaskedPopulation(Protocol):
    """A population, a surrogate and a perturbation value, ready to be asked.

    Two implementations give the same answers: `AdditivePopulation` updates only the sums that
    masking changes; `DensePopulation` evaluates any `nn.Module` by autograd.
    """

    counts: "EvaluationCounts"

    @property
    def n_cells(self) -> int:
        """Number of inputs in the population."""

    @property
    def n_features(self) -> int:
        """Number of features of an input."""

    def batch(self, rows: np.ndarray) -> "MaskedPopulation":
        """Return the cells at `rows` as a population that is charged to the same counts."""

    def outputs(self, subset: Subset = ()) -> np.ndarray:
        """Wanted outputs with `subset` masked, shape (n_cells, wanted outputs)."""

    def values(self, subset: Subset = ()) -> np.ndarray:
        """The number explained for each cell with `subset` masked, shape (n_cells,)."""

    def masked_values(self, cell: int, features: Subset, masks: np.ndarray) -> np.ndarray:
        """The number explained for one cell under masks of its own, shape (n masks,).

        `masks` is Boolean, shape (n masks, n of `features`); True sets that feature to p.
        """

    def losses(self, subsets: Sequence[Subset]) -> np.ndarray:
        """Mean loss for each of several subsets, shape (n subsets,)."""

    def descent(self, subset: Subset = ()) -> np.ndarray:
        """First-order change of the mean loss if feature j were masked too (Eq. 14's d_j).

        The gradient is taken at the masked input, the step is ``p_j - x_j`` of the unmasked one.
        Negative values lower the loss. Shape (n_features,).
        """

    def swap_losses(self, subset: Subset, position: int, candidates: Subset) -> np.ndarray:
        """Exact mean loss if `subset[position]` were replaced by each candidate, shape (k,)."""

    def gradients(self, subset: Subset = ()) -> Iterator[np.ndarray]:
        """Gradient of the number explained by the input, in chunks of (cells, n_features)."""

    def noisy_gradients(
        self, noise: float, samples: int, generator: "torch.Generator", *, absolute: bool
    ) -> np.ndarray:
        """Mean gradient of the number explained at noisy copies of the cells, shape (d,).

        Each of the `samples` copies has normal noise of standard deviation `noise` on every
        feature; with `absolute` the gradients' absolute values are averaged (SmoothGrad).
        """

    def path_attributions(
        self,
        points: np.ndarray,
        weights: np.ndarray,
        *,
        absolute: bool,
        noise: float = 0.0,
        generator: "torch.Generator | None" = None,
    ) -> np.ndarray:
        """Mean over cells of (x_j - p_j) sum_t w_t dF/dx_j at p + t (x - p), shape (d,), double.

        F is the number explained. `points` holds every t, 0 at p and 1 at x, shape (m,), or a row
        for each cell; `weights` the w, shape (m,). With `absolute` the attributions' absolute
        values are averaged (integrated gradients and their like). Normal noise of standard
        deviation `noise` on every feature of x, drawn anew at each point, moves where the gradient
        is taken, and nothing else.
        """

    def changing_pairs(self) -> sp.csr_matrix:
        """Changes p - x that masking can make, shape (n_cells, n_features); no zero is stored."""

    def relaxed_losses(self, mask: "Tensor") -> "Tensor":
        """Loss of each cell at x + m (p - x), shape (n_cells,), differentiable in the mask m.

        m has shape (n_features,) and stands for all cells; 0 leaves a feature, 1 masks it.
        """

    def relaxed_pair_losses(self, mask: "Tensor") -> "Tensor":
        """The same with an m for each entry of `changing_pairs`, in its order."""

    def effects(self, groups: Sequence[Subset] | None = None, subset: Subset = ()) -> sp.csr_matrix:
        """Exact change of each cell's loss for each group masked on top of `subset`.

        Negative values lower the loss. Groups are disjoint and of any size; each feature alone
        where None. CSR, float32, shape (n_cells, groups), with an entry for each (cell, group) in
        which masking changes some input, and no other.
        """

    def added_losses(self, subset: Subset, candidates: Subset) -> np.ndarray:
        """Exact mean loss with each candidate masked on top of `subset`, in double, shape (k,)."""

    def walk(
        self,
        permutations: np.ndarray | sp.csr_matrix,
        groups: Sequence[Subset] | np.ndarray | None = None,
        *,
        of_number: bool = False,
    ) -> sp.csr_matrix:
        """Exact change of each cell's loss as groups are masked one after the other.

        With `of_number` of the number explained, whatever its loss.

        Row c of `permutations`, shape (n_cells, groups), is the order in which cell c's groups are
        masked, until all are; groups are disjoint, each feature alone where None. Or it is CSR and
        says at which step, 0, 1, ..., some groups of the cell are masked; those that are not stored
        follow, ascending, so that only groups that change something need to be drawn. For several
        walks of one cell, ask ``batch`` of that cell several times. Negative values lower the
        loss. CSR, float64, sorted, shape (n_cells, groups), with an entry for each step that
        changes some input of the cell, and no other; a row sums to the loss of the cell with all
        groups masked minus that with none.
        """


def check_subset(subset: Subset, n_features: int) -> np.ndarray:
    """Return the subset as an array of distinct feature indices in range.

    Raises
    ------
    ValueError
        Naming the first index that is out of range or repeated.

    Examples
    --------
    >>> check_subset([2, 0], 3)
    array([2, 0])
    """
    indices = np.asarray(subset, dtype=np.int64).reshape(-1)
    outside = indices[(indices < 0) | (indices >= n_features)]
    if len(outside):
        raise ValueError(f"feature {outside[0]} is out of range 0..{n_features - 1}")
    if len(np.unique(indices)) != len(indices):
        values, repeats = np.unique(indices, return_counts=True)
        raise ValueError(f"feature {values[repeats > 1][0]} is in the subset more than once")
    return indices


def chosen_features(indices: Subset, n_features: int) -> np.ndarray:
    """Return the selected features as an array of at least one distinct index in range.

    Parameters
    ----------
    indices
        Selected features, shape (L,), in any order, which is kept.
    n_features
        d.

    Raises
    ------
    XbenchError
        No feature at all, one that is out of range, or one that is there more than once.

    Examples
    --------
    >>> chosen_features([4, 0], 5)
    array([4, 0])
    """
    try:
        chosen = check_subset(indices, n_features)
    except ValueError as error:
        raise XbenchError(f"selected features: {error}") from None
    if not len(chosen):
        raise XbenchError("selected features: there are none; give at least one index")
    return chosen


def check_swap(
    subset: Subset, position: int, candidates: Subset, n_features: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the subset without `position`, and the candidates, both checked.

    Raises
    ------
    ValueError
        Where a candidate is already in the rest of the subset: it would shrink it.
    """
    rest = np.delete(check_subset(subset, n_features), position)
    return check_added(rest, candidates, n_features)


def check_added(
    subset: Subset, candidates: Subset, n_features: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the subset, and the candidates to add to it, both checked.

    Raises
    ------
    ValueError
        Where a candidate is already in the subset: it would not grow.
    """
    chosen = check_subset(subset, n_features)
    tried = check_subset(candidates, n_features)
    shared = np.intersect1d(chosen, tried)
    if len(shared):
        raise ValueError(f"candidate {shared[0]} is already in the subset")
    return chosen, tried


def perturbation_vector(perturbation: float | np.ndarray, n_features: int) -> np.ndarray:
    """Return the perturbation values p as float32 of shape (n_features,).

    Raises
    ------
    ValueError
        Where an array of another length is given.
    """
    values = np.asarray(perturbation, dtype=np.float32)
    if values.ndim and values.shape != (n_features,):
        raise ValueError(f"perturbation has shape {values.shape} but must have ({n_features},)")
    return np.array(np.broadcast_to(values, (n_features,)))


@dataclass
class EvaluationCounts:
    """Evaluations of the surrogate, in cells.

    `forward` and `gradient` count what was asked: a black box without our shortcuts would have
    to be evaluated this often, so they are equal for the additive and the dense operator, on every
    machine. `computed` counts the cells that really went through the surrogate's tail.

    Examples
    --------
    >>> counts = EvaluationCounts()
    >>> counts.add(forward=64, computed=10)
    >>> counts.forward, counts.computed
    (64, 10)
    """

    forward: int = 0
    gradient: int = 0
    computed: int = 0
    _process: int = field(default_factory=os.getpid, repr=False, compare=False)

    def add(self, forward: int = 0, gradient: int = 0, computed: int = 0) -> None:
        """Charge evaluations.

        Raises
        ------
        ValueError
            For a negative number: what was evaluated cannot be taken back.
        RuntimeError
            In another process than the run's own, where nobody would see the charge.
        """
        if min(forward, gradient, computed) < 0:
            raise ValueError("evaluations cannot be taken back; charge numbers from 0 on")
        if os.getpid() != self._process:
            raise RuntimeError(
                "the model was asked in another process, where its evaluations cannot be charged; "
                "ask it in the process of explain()"
            )
        self.forward += forward
        self.gradient += gradient
        self.computed += computed

    def move_here(self) -> None:
        """Let this process charge: for who forks one to ask in, and brings the charges back."""
        self._process = os.getpid()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be sent to another process."""
        raise RuntimeError(
            "the model cannot be sent to another process, where its evaluations could not be "
            "charged; ask it in the process of explain()"
        )

    def __copy__(self) -> "EvaluationCounts":
        """Return the same object: a copy of a model is charged to the run as the model is."""
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "EvaluationCounts":
        """Return the same object, see `__copy__`."""
        return self


@dataclass(frozen=True)
class Groups:
    """The features of several groups in one row, group after group.

    Parameters
    ----------
    features
        Feature indices, ascending inside each group, shape (features in groups,).
    number
        Group of each, ascending, shape (features in groups,).
    count
        Number of groups; some may be empty.
    """

    features: np.ndarray
    number: np.ndarray
    count: int


def disjoint_groups(groups: Sequence[Subset] | np.ndarray | None, n_features: int) -> Groups:
    """Check groups and put their features in one row.

    Parameters
    ----------
    groups
        Feature indices of each group, in any order; each feature alone where None.
    n_features
        d.

    Raises
    ------
    ValueError
        Naming a feature that is out of range or in the groups more than once.

    Examples
    --------
    >>> disjoint_groups([[3, 1], [], [0]], 5).features
    array([1, 3, 0])
    """
    if groups is None:
        return each_alone(np.arange(n_features))
    if isinstance(groups, np.ndarray) and groups.ndim == 2 and groups.shape[1] == 1:
        # One feature each, thousands of them: nothing to be put together one by one.
        return each_alone(_checked_groups(groups[:, 0].astype(np.int64), n_features))
    parts = [np.asarray(group, dtype=np.int64).reshape(-1) for group in groups]
    sizes = np.array([len(part) for part in parts], dtype=np.int64)
    number = np.repeat(np.arange(len(parts)), sizes)
    features = np.concatenate([np.zeros(0, dtype=np.int64), *parts])
    order = np.lexsort((_checked_groups(features, n_features), number))
    return Groups(features[order], number[order], len(parts))


def _checked_groups(features: np.ndarray, n_features: int) -> np.ndarray:
    try:
        return check_subset(features, n_features)
    except ValueError as problem:
        raise ValueError(f"groups: {problem}".replace("the subset", "them")) from None


def each_alone(features: np.ndarray) -> Groups:
    """Return a group for each of some distinct features, in their order."""
    return Groups(features, np.arange(len(features)), len(features))


def one_after_the_other(subsets: Sequence[np.ndarray]) -> Groups:
    """Return a group for each subset; these may share features, as no other groups do.

    Examples
    --------
    >>> one_after_the_other([np.array([3, 1]), np.array([1])]).features
    array([1, 3, 1])
    """
    number = np.repeat(np.arange(len(subsets)), [len(one) for one in subsets])
    features = np.concatenate([np.sort(one) for one in subsets])
    return Groups(features, number, len(subsets))


def without(groups: Groups, subset: np.ndarray) -> Groups:
    """Leave out features that are masked already: masking them again changes nothing."""
    if not len(subset):
        return groups
    kept = ~np.isin(groups.features, subset)
    return Groups(groups.features[kept], groups.number[kept], groups.count)
