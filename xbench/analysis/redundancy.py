"""Whether the features of a subset stand in for one another: joint effect against single ones.

Pairs too: what masking two features does together beyond what it does one by one.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from xbench.mask.population import MaskedPopulation, Subset, chosen_features


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
    synergy: "Synergy"
    left_out: tuple[LeftOut, ...]
    prefixes: tuple[float, ...]


def redundancy(
    population: MaskedPopulation, indices: Subset, synergies: np.ndarray | None = None
) -> Redundancy:
    """Measure how redundant a subset is in a population.

    All of it is exact. The least work is one evaluation of the model's tail for each cell and
    thing masked on top of another that changes it: L singles and L prefixes in the cells where a
    feature changes something, L leave-one-outs twice as many, and the pairs, which are most of
    it (`xbench.analysis.redundancy.pair_synergies`).

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
    >>> from xbench.data.dataset import Target
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


STRONGEST = 10
# Of the mean loss: about how exact float32 has one cell's loss, so that a smaller synergy has no
# sign. The mean over 200 cells was off by 4e-9 at most (a random model against double precision).
RESOLUTION = 1e-7


@dataclass(frozen=True)
class PairSynergy:
    """Two features, and by how much D of both exceeds the sum of D of each."""

    first: int
    second: int
    synergy: float


@dataclass(frozen=True)
class Synergy:
    """The synergies of all pairs of a subset, in units of the loss.

    Parameters
    ----------
    n_pairs
        L (L - 1) / 2.
    mean
        Over all pairs; None where there are none.
    share_positive, share_negative
        Of all pairs, 0 to 1: those farther than `resolution` above and below 0.
    resolution
        What is nearer to 0 than this may be rounding.
    strongest
        The pairs farthest from 0, farthest first.
    """

    n_pairs: int
    mean: float | None
    share_positive: float | None
    share_negative: float | None
    resolution: float
    strongest: tuple[PairSynergy, ...]


def pair_synergies(population: MaskedPopulation, indices: Subset) -> np.ndarray:
    """Compute D({i, j}) - D({i}) - D({j}) for all pairs of a subset, exactly.

    D(r) is by how much masking r lowers the mean loss. In a cell in which masking i changes
    nothing, both D that contain i are what they are without it, and the pair adds exactly 0: for
    any model whose output for a cell depends on that cell alone, as all frozen surrogates here.
    So each feature is masked in the cells that it changes, and there each later one on top of it:
    one evaluation of the model's tail for each (cell, pair) in which both change, and for each
    (cell, feature).

    Parameters
    ----------
    population
        The mask operator over n cells. One that is dense costs L (L + 1) / 2 full passes.
    indices
        Features, shape (L,).

    Returns
    -------
    float64, shape (L, L), symmetric, 0 on the diagonal, in the order of `indices`. Positive where
    the two do more together: each is a backup of the other.

    Raises
    ------
    XbenchError
        Indices that make no sense.

    Examples
    --------
    >>> from torch.nn import AdaptiveMaxPool1d
    >>> from xbench.mask import masked_population
    >>> from xbench.mask.objective import OBJECTIVES
    >>> from xbench.data.dataset import Target
    >>> either = AdaptiveMaxPool1d(1)  # F is 1 where any feature is.
    >>> cells = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    >>> population = masked_population(either, cells, Target("a", "b", 0), OBJECTIVES["expression"])
    >>> pair_synergies(population, [0, 1]).tolist()
    [[0.0, 0.5], [0.5, 0.0]]
    """
    chosen = chosen_features(indices, population.n_features)
    alone = population.effects([[feature] for feature in chosen])
    cells_of = alone.tocsc()
    synergies = np.zeros((len(chosen), len(chosen)))
    for place, feature in enumerate(chosen[:-1]):
        cells = cells_of.indices[cells_of.indptr[place] : cells_of.indptr[place + 1]]
        if not len(cells):
            continue
        later = [[other] for other in chosen[place + 1 :]]
        on_top = population.batch(cells).effects(later, subset=[feature])
        by_itself = alone[cells][:, place + 1 :]
        # Effects are changes of the loss, so D is minus their mean.
        more = by_itself.sum(axis=0, dtype=np.float64) - on_top.sum(axis=0, dtype=np.float64)
        synergies[place, place + 1 :] = np.asarray(more).ravel() / population.n_cells
    return synergies + synergies.T


def summarised(synergies: np.ndarray, indices: Subset, mean_loss: float) -> Synergy:
    """Summarise the synergies of all pairs.

    Parameters
    ----------
    synergies
        What `pair_synergies` returned, shape (L, L).
    indices
        The features that it was asked for, shape (L,).
    mean_loss
        Unmasked, for the resolution.

    Examples
    --------
    >>> three = np.array([[0.0, 0.5, 0.0], [0.5, 0.0, -0.2], [0.0, -0.2, 0.0]])
    >>> synergy = summarised(three, [7, 8, 9], 1.0)
    >>> synergy.n_pairs, round(synergy.mean, 6), synergy.strongest[0]
    (3, 0.1, PairSynergy(first=7, second=8, synergy=0.5))
    """
    chosen = np.asarray(indices)
    first, second = np.triu_indices(len(chosen), k=1)
    values = synergies[first, second]
    resolution = RESOLUTION * abs(mean_loss)
    # The earlier pair of two that are equally strong.
    order = np.argsort(-np.abs(values), kind="stable")[:STRONGEST]
    return Synergy(
        n_pairs=len(values),
        mean=float(values.mean()) if len(values) else None,
        share_positive=float((values > resolution).mean()) if len(values) else None,
        share_negative=float((values < -resolution).mean()) if len(values) else None,
        resolution=resolution,
        strongest=tuple(
            PairSynergy(int(chosen[first[pair]]), int(chosen[second[pair]]), float(values[pair]))
            for pair in order
        ),
    )
