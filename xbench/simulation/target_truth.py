"""How well a selection does by the truth: what metrics ask of a simulation.

The exact best L peaks to mask for one gene are found by branch and bound over its modules'
maskings. F's mean is a sum over cells of a convex function (softplus) of eta, so a tangent at any
point lies below it. eta is linear in each module's activity m but for the synergies, and a product
of two activities with maxima M and M' is at least ``M m' + M' m - M M'`` and at least 0. What
remains is a sum over modules of a number for each masking: its minimum over all ways to share out
the budget is a knapsack of at most 6 modules with 32 maskings each. That is the bound of a branch
in which some modules' maskings are decided and the others are not.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xbench.data.dataset import Dataset, Target
from xbench.simulation.known_regulation import truth_of
from xbench.simulation.response import Response, response_of, state_of


@dataclass(frozen=True, eq=False)
class TargetTruth:
    """The true regulation of one gene, and its response to masking in some cells.

    Parameters
    ----------
    response
        Of the gene in the cells.
    modules
        All peaks of each of the gene's own modules that do not repress it.
    repressing
        The same of those that do.
    """

    response: Response
    modules: tuple[np.ndarray, ...]
    repressing: tuple[np.ndarray, ...] = ()

    @property
    def cres(self) -> np.ndarray:
        """The peaks that are CREs of the gene itself, shape (CREs,)."""
        return np.concatenate([*self.modules, *self.repressing])

    def optimality(self, indices: np.ndarray) -> float | None:
        """Return the drop of the true mean F, relative to the best that as many peaks reach.

        Below 0 where it rises: repressing peaks were masked. None where no peaks lower it:
        nothing of the gene's is open.
        """
        best = best_subset(self.response, len(indices)).drop
        if best <= 0:
            return None
        return min(1.0, self.response.drop(indices) / best)

    def module_recall(self, indices: np.ndarray) -> float:
        """Return the share of the gene's own modules whose peaks are all among `indices`."""
        return float(np.mean([np.isin(peaks, indices).all() for peaks in self.modules]))

    def precision(self, indices: np.ndarray) -> float:
        """Return the share of `indices` that are CREs of the gene itself, repressing ones too."""
        return float(np.isin(indices, self.cres).mean())


def target_truth(dataset: Dataset, target: Target, rows: np.ndarray) -> TargetTruth | None:
    """Return the truth about a target in some cells; None where nobody knows it.

    Masking means here that a peak is closed (perturbation 0), in the hidden state if there is one.

    Parameters
    ----------
    dataset
        Holds the truth, if anything does.
    target
        A gene.
    rows
        The cells over which F is averaged.
    """
    truth = truth_of(dataset)
    if truth is None:
        return None
    gene = target.output
    enhancers = truth.enhancers_of(gene)
    repressors = np.setdiff1d(truth.modules_of(gene), enhancers)
    return TargetTruth(
        response=response_of(truth, state_of(dataset, rows), gene),
        modules=tuple(truth.features_of(module) for module in enhancers),
        repressing=tuple(truth.features_of(module) for module in repressors),
    )


# Two subsets nearer than this are as good as each other.
TOLERANCE = 1e-12
ROUNDS = 8


class BestSubset(NamedTuple):
    """The peaks (at most L: others would change nothing), and by how much F's mean falls."""

    indices: np.ndarray
    drop: float


def best_subset(response: Response, size: int) -> BestSubset:
    """Find the subset of at most `size` peaks whose masking lowers the mean of F most.

    Parameters
    ----------
    response
        Of the gene in the cells; see `xbench.simulation.response.response_of`.
    size
        L.

    Examples
    --------
    >>> closing = (np.array([[0.2, 0.2], [0.2, 1.0]]),)
    >>> half = np.array([0.5, 0.5])
    >>> two = Response(half, 1.0, np.array([2.0]), (np.array([4, 9]),), closing, ())
    >>> best_subset(two, 1).indices.tolist()
    [4]
    """
    search = _Search(response, size)
    search.branch([], size)
    before = response.mean([0] * len(response.features))
    return BestSubset(response.peaks_of(search.ordered(search.best)), before - search.value)


class _Search:
    """The best masking found so far, and the tangent that bounds are taken from."""

    def __init__(self, response: Response, size: int) -> None:
        self.response = response
        # Modules that matter most are decided first.
        self.order = [int(module) for module in np.argsort(-response.effect, kind="stable")]
        self.place = {module: number for number, module in enumerate(self.order)}
        self.best = [0] * len(self.order)
        self.value = self._mean(self.best)
        self._tangent(self.best)
        for _ in range(ROUNDS):
            found = self._bound([], size)[1]
            if self._mean(found) >= self.value - TOLERANCE:
                break
            self._keep(found)
            self._tangent(found)

    def ordered(self, masking: list[int]) -> list[int]:
        """Return maskings in the response's order of modules."""
        return [masking[self.place[module]] for module in range(len(self.order))]

    def branch(self, decided: list[int], budget: int) -> None:
        """Decide the next module's masking in every way that may still be better."""
        if len(decided) == len(self.order):
            return
        sizes = self.response.sizes[self.order[len(decided)]]
        children = []
        for mask in np.flatnonzero(sizes <= budget).tolist():
            left = budget - int(sizes[mask])
            bound, found = self._bound([*decided, mask], left)
            if bound < self.value - TOLERANCE:
                self._keep(found)
                children.append((bound, mask, left))
        for bound, mask, left in sorted(children):
            if bound < self.value - TOLERANCE:
                self.branch([*decided, mask], left)

    def _keep(self, found: list[int]) -> None:
        value = self._mean(found)
        if value < self.value:
            self.best, self.value = found, value

    def _mean(self, masking: list[int]) -> float:
        return self.response.mean(self.ordered(masking))

    def _tangent(self, masking: list[int]) -> None:
        """Take the tangent of F at a masking."""
        response = self.response
        self._active = [
            values[mask]
            for values, mask in zip(response.activity, self.ordered(masking), strict=True)
        ]
        eta = response.log_rates(self._active)
        self._slope = response.weight / (1 + np.exp(-eta))
        self._constant = float(np.logaddexp(0.0, eta) @ response.weight - eta @ self._slope)

    def _bound(self, decided: list[int], budget: int) -> tuple[float, list[int]]:
        """Return a lower bound of F's mean, and a masking that looks good from here."""
        response = self.response
        fixed = {
            module: response.activity[module][mask]
            for module, mask in zip(self.order, decided, strict=False)
        }
        open_modules = self.order[len(decided) :]
        constant, factor = self._linear(fixed, open_modules)
        tables = [
            response.activity[module] @ (factor[module] * self._slope) for module in open_modules
        ]
        sizes = [response.sizes[module] for module in open_modules]
        least, masks = _share_out(tables, sizes, budget)
        return self._constant + constant + least, [*decided, *masks]

    def _linear(
        self, fixed: dict[int, np.ndarray], open_modules: list[int]
    ) -> tuple[float, dict[int, np.ndarray]]:
        """Bound eta from below by a constant and a factor of each open module's activity."""
        response = self.response
        eta = np.full(len(response.weight), response.base)
        for module, values in fixed.items():
            eta += response.effect[module] * values
        factor = {
            module: np.full(len(response.weight), response.effect[module])
            for module in open_modules
        }
        for first, second, effect in response.pairs:
            if first in fixed and second in fixed:
                eta += effect * fixed[first] * fixed[second]
            elif first in fixed:
                factor[second] += effect * fixed[first]
            elif second in fixed:
                factor[first] += effect * fixed[second]
            else:
                high, other = response.activity[first][0], response.activity[second][0]
                here, there = self._active[first], self._active[second]
                # Either bound holds in every cell: take the one that is higher at the tangent.
                used = (high * there + other * here > high * other) * effect
                factor[first] += used * other
                factor[second] += used * high
                eta -= used * high * other
        return float(eta @ self._slope), factor


def _share_out(
    tables: list[np.ndarray], sizes: list[np.ndarray], budget: int
) -> tuple[float, list[int]]:
    """Choose a masking from each table, of at most `budget` in all, with the least sum.

    Examples
    --------
    >>> sizes = np.array([0, 1, 1, 2])
    >>> first, second = np.array([3.0, 2.0, 2.5, 0.0]), np.array([3.0, 2.0, 1.5, 1.0])
    >>> _share_out([first, second], [sizes, sizes], 2)
    (3.0, [3, 0])
    """
    least = np.zeros(budget + 1)
    picks: list[np.ndarray] = []
    for table, size in zip(tables, sizes, strict=True):
        # Row: budget so far; column: masking. Infinite where it does not fit.
        before = np.arange(budget + 1)[:, None] - size[None]
        sums = np.where(before >= 0, least[np.maximum(before, 0)] + table[None], np.inf)
        picks.append(sums.argmin(axis=1))
        least = sums.min(axis=1)
    chosen, left = [], budget
    for pick, size in zip(reversed(picks), reversed(sizes), strict=True):
        chosen.append(int(pick[left]))
        left -= int(size[chosen[-1]])
    return float(least[budget]), chosen[::-1]
