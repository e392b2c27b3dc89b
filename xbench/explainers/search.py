"""Parts of searches: beam search over a subset, which features to try, which cells a step sees.

Beam search is the paper's second update (Section 3.2).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from xbench.mask.population import MaskedPopulation


class Beam(NamedTuple):
    """Where a beam search ended.

    Parameters
    ----------
    subset, loss
        The best subset of the last beam, and its mean loss; NaN where nothing was tried.
    trials
        Positions tried, each in one subset of the beam: what costs `candidates` trials each.
    """

    subset: np.ndarray
    loss: float
    trials: int


def beam_search(
    population: MaskedPopulation,
    subset: np.ndarray,
    ranked: np.ndarray,
    *,
    candidates: int,
    width: int,
    trials: int,
    stop: Callable[[], bool] = lambda: False,
) -> Beam:
    """Rewrite a subset position by position, keeping the `width` best rewritings at each.

    A sequence of L choices is generated: at position i every subset of the beam is expanded by its
    present index and by the first `candidates` of `ranked` that it does not hold, each expansion is
    tried exactly, and the `width` best subsets, order apart, go on to position i + 1. The best of a
    beam is never worse than the best before, for keeping the present index is among the choices.

    Parameters
    ----------
    population
        What the loss is taken over.
    subset
        L distinct features.
    ranked
        Features to choose from, most promising first: the order is the same for every position,
        as the rows of Eq. 14's T differ by a constant.
    candidates
        k, features tried in a position of a subset.
    width
        Size of the beam.
    trials
        No position is begun once so many were tried.
    stop
        Asked after each subset's trial of a position; the search ends where it says True.

    Examples
    --------
    >>> import torch
    >>> from xbench.mask import masked_population
    >>> from xbench.mask.objective import OBJECTIVES
    >>> from xbench.data.dataset import Target
    >>> model = torch.nn.Linear(3, 1, bias=False)
    >>> model.weight.data = torch.tensor([[1.0, 3.0, 2.0]])
    >>> target = Target("all", "sum", 0)
    >>> ones = masked_population(model, np.ones((1, 3)), target, OBJECTIVES["expression"])
    >>> ranked = np.array([1, 2, 0])
    >>> beam_search(ones, np.array([0, 1]), ranked, candidates=2, width=2, trials=9).subset
    array([2, 1])
    """
    beam, loss, done = [subset], float("nan"), 0
    for position in range(len(subset)):
        expanded: list[tuple[float, np.ndarray]] = []
        for chosen in beam:
            if done >= trials or (done and stop()):
                break
            expanded += _expanded(population, chosen, position, ranked, candidates)
            done += 1
        if not expanded:
            break
        beam, loss = _best(expanded, width)
    return Beam(beam[0], loss, done)


def _expanded(
    population: MaskedPopulation,
    chosen: np.ndarray,
    position: int,
    ranked: np.ndarray,
    candidates: int,
) -> list[tuple[float, np.ndarray]]:
    """Every subset that differs from `chosen` in one position only, the unchanged one first."""
    first = ranked[: candidates + len(chosen)]
    others = first[~np.isin(first, chosen)][:candidates]
    tried = np.append(chosen[position], others)
    losses = population.swap_losses(chosen, position, tried)
    subsets = np.repeat(chosen[None], len(tried), axis=0)
    subsets[:, position] = tried
    return list(zip(losses.tolist(), subsets, strict=True))


def _best(expanded: list[tuple[float, np.ndarray]], width: int) -> tuple[list[np.ndarray], float]:
    """Return the `width` best different subsets, best first, and the best one's loss."""
    ordered = sorted(expanded, key=lambda one: one[0])  # stable: of equal ones the unchanged stays
    kept: dict[frozenset[int], np.ndarray] = {}
    for _, subset in ordered:
        kept.setdefault(frozenset(subset.tolist()), subset)
        if len(kept) == width:
            break
    return list(kept.values()), ordered[0][0]


def smallest(values: np.ndarray, count: int) -> np.ndarray:
    """Return the indices of the `count` smallest values, smallest first; ties by index.

    Parameters
    ----------
    values
        Shape (d,), no NaN.
    count
        All of them where it is more than d.

    Examples
    --------
    >>> smallest(np.array([3.0, 1.0, 2.0, 1.0]), 3)
    array([1, 3, 2])
    """
    if count < len(values):
        pool = np.flatnonzero(values <= np.partition(values, count - 1)[count - 1])
    else:
        pool = np.arange(len(values))
    return pool[np.argsort(values[pool], kind="stable")][:count]


def drawn_outside(
    generator: np.random.Generator, n_features: int, subset: np.ndarray, count: int
) -> np.ndarray:
    """Draw `count` of `n_features` features that are not in `subset`; all where there are fewer.

    Examples
    --------
    >>> drawn = drawn_outside(np.random.default_rng(0), 5, np.array([1, 3]), 9)
    >>> sorted(drawn.tolist())
    [0, 2, 4]
    """
    drawn = generator.choice(n_features, min(n_features, count + len(subset)), replace=False)
    return drawn[~np.isin(drawn, subset)][:count]


def batch_rows(n_cells: int, batch_size: int, generator: np.random.Generator) -> np.ndarray:
    """Draw rows without repeats; all of them, in order, where there are no more, or for size 0.

    Examples
    --------
    >>> batch_rows(3, 64, np.random.default_rng(0))
    array([0, 1, 2])
    """
    if not 0 < batch_size < n_cells:
        return np.arange(n_cells)
    return generator.choice(n_cells, batch_size, replace=False)
