"""Whether the features of a subset stand in for one another: joint effect against single ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from xbench.analysis.chosen import chosen_features
from xbench.analysis.synergy import Synergy, pair_synergies, summarised
from xbench.mask.population import MaskedPopulation, Subset


@dataclass(frozen=True)
class LeftOut:
    """A feature, and how much of the drop is lost when it alone is not masked."""

    feature: int
    lost: float


@dataclass(frozen=True)
class Redundancy:
    """What masking a subset does together, one by one, and in part; in units of the loss.

    D(r) is by how much masking r lowers the mean loss: of the expression, for that objective.

    Parameters
    ----------
    n_cells
        Cells that the means are over.
    mean_loss
        Without masking.
    joint
        D(r).
    singles
        D of each feature alone, in the selection's order, shape (L,).
    sum_of_singles
        Their sum.
    excess
        `joint` less `sum_of_singles`: positive where the subset does more together than its
        members do alone, as backups of one another do.
    synergy
        Of the pairs inside the subset.
    left_out
        D(r) - D(r without j) for each j, what is lost most first. Near 0 where the others make up
        for j.
    prefixes
        D of the first l features in the selection's order, for l = 1 to L.
    """

    n_cells: int
    mean_loss: float
    joint: float
    singles: tuple[float, ...]
    sum_of_singles: float
    excess: float
    synergy: Synergy
    left_out: tuple[LeftOut, ...]
    prefixes: tuple[float, ...]


def redundancy(
    population: MaskedPopulation, indices: Subset, synergies: np.ndarray | None = None
) -> Redundancy:
    """Measure how redundant a subset is in a population.

    All of it is exact. The least work is one evaluation of the model's tail for each cell and
    thing masked on top of another that changes it: L singles and L prefixes in the cells where a
    feature changes something, L leave-one-outs twice as many, and the pairs, which are most of
    it (`xbench.analysis.synergy.pair_synergies`).

    Parameters
    ----------
    population
        The mask operator over the cells that matter: test cells, for a stored selection.
    indices
        The selection, best first if it has an order, shape (L,).
    synergies
        What `pair_synergies` gave for the same population and selection; computed where None.

    Raises
    ------
    XbenchError
        Indices that make no sense.

    References
    ----------
    Differences of a set function as in M. Grabisch and M. Roubens (1999), "An axiomatic approach
    to the concept of interaction among players in cooperative games", of order 2 at the empty set.

    Examples
    --------
    >>> from torch.nn import AdaptiveMaxPool1d
    >>> from xbench.mask import masked_population
    >>> from xbench.mask.objective import OBJECTIVES
    >>> from xbench.data.target import Target
    >>> either = AdaptiveMaxPool1d(1)  # F is 1 where any feature is.
    >>> cells = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    >>> population = masked_population(either, cells, Target("a", "b", 0), OBJECTIVES["expression"])
    >>> measured = redundancy(population, [0, 1])
    >>> measured.joint, measured.singles, measured.excess, measured.prefixes
    (1.0, (0.5, 0.0), 0.5, (0.5, 1.0))
    """
    chosen = chosen_features(indices, population.n_features)
    mean_loss = float(population.losses([[]])[0])
    alone = population.effects([[feature] for feature in chosen])
    singles = _drops(alone, population.n_cells)
    prefixes = _prefixes(population, chosen)
    if synergies is None:
        synergies = pair_synergies(population, chosen)
    total = float(singles.sum())
    return Redundancy(
        n_cells=population.n_cells,
        mean_loss=mean_loss,
        joint=float(prefixes[-1]),
        singles=tuple(singles.tolist()),
        sum_of_singles=total,
        excess=float(prefixes[-1]) - total,
        synergy=summarised(synergies, chosen, mean_loss),
        left_out=_left_out(population, chosen, alone),
        prefixes=tuple(prefixes.tolist()),
    )


def _prefixes(population: MaskedPopulation, chosen: np.ndarray) -> np.ndarray:
    """D of each prefix: every cell walks through the selection in the same order."""
    order = np.tile(np.arange(len(chosen)), (population.n_cells, 1))
    steps = population.walk(order, [[feature] for feature in chosen])
    return np.cumsum(_drops(steps, population.n_cells))


def _left_out(
    population: MaskedPopulation, chosen: np.ndarray, alone: sp.csr_matrix
) -> tuple[LeftOut, ...]:
    """What masking each feature adds on top of all others, most first."""
    changes = alone.tocsc()  # Only where it has entries does masking the feature change a cell.
    lost = np.zeros(len(chosen))
    for place, feature in enumerate(chosen):
        cells = changes.indices[changes.indptr[place] : changes.indptr[place + 1]]
        if len(cells):
            others = np.delete(chosen, place)
            added = population.batch(cells).effects([[feature]], subset=others)
            lost[place] = _drops(added, population.n_cells)[0]
    order = np.argsort(-lost, kind="stable")
    return tuple(LeftOut(int(chosen[place]), float(lost[place])) for place in order)


def _drops(changes: sp.csr_matrix, n_cells: int) -> np.ndarray:
    """By how much the mean loss falls with each group, from what `effects` or `walk` returned."""
    # Less from 0, not minus: what changes nothing is 0 and not -0.
    return 0.0 - np.asarray(changes.sum(axis=0, dtype=np.float64)).ravel() / n_cells
