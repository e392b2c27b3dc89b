"""How alike the subsets of several seeds are, against subsets drawn at random."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import hypergeom

from xbench.mask.population import Subset, chosen_features


@dataclass(frozen=True)
class SeedOverlap:
    """Jaccard overlap of subsets, over all pairs of them.

    Parameters
    ----------
    n_subsets
        How many there are.
    mean, lowest, highest
        Jaccard overlap of two of them: shared features relative to those in either. None where
        there are fewer than two.
    chance
        Expected overlap of subsets of these sizes drawn at random; None likewise.
    """

    n_subsets: int
    mean: float | None
    lowest: float | None
    highest: float | None
    chance: float | None


def seed_overlap(subsets: Sequence[Subset], n_features: int) -> SeedOverlap:
    """Measure how much the subsets that one method finds with several seeds share.

    Parameters
    ----------
    subsets
        Feature indices, one array for each seed; their sizes may differ.
    n_features
        d.

    Raises
    ------
    XbenchError
        A subset that is empty, repeats a feature, or names one that there is not.

    References
    ----------
    P. Jaccard (1912), "The distribution of the flora in the alpine zone".

    Examples
    --------
    >>> overlap = seed_overlap([[0, 1], [1, 2], [0, 1]], 100)
    >>> round(overlap.mean, 4), round(overlap.chance, 4)
    (0.5556, 0.0134)
    """
    sets = [set(chosen_features(subset, n_features).tolist()) for subset in subsets]
    if len(sets) < 2:
        return SeedOverlap(len(sets), None, None, None, None)
    pairs = list(combinations(sets, 2))
    found = [len(one & other) / len(one | other) for one, other in pairs]
    # Nearly always all have one size, and many pairs need one number.
    sizes = Counter((len(one), len(other)) for one, other in pairs)
    chance = sum(n * chance_overlap(n_features, *size) for size, n in sizes.items()) / len(pairs)
    return SeedOverlap(len(sets), float(np.mean(found)), min(found), max(found), chance)


def chance_overlap(n_features: int, size: int, other_size: int | None = None) -> float:
    """Return the exact expected Jaccard overlap of two subsets drawn uniformly at random.

    The number k of shared features is hypergeometric, and the overlap is k relative to the sum of
    both sizes less k. As that is convex in k, the overlap of the expected k would be too low.

    Parameters
    ----------
    n_features
        d.
    size, other_size
        Features in each, 1 to d; the same in both where only one is given.

    Examples
    --------
    >>> chance_overlap(3, 1), chance_overlap(4, 4)
    (0.3333333333333333, 1.0)
    """
    other = size if other_size is None else other_size
    shared = np.arange(max(0, size + other - n_features), min(size, other) + 1)
    chance = hypergeom.pmf(shared, n_features, size, other)
    return float(chance @ (shared / (size + other - shared)))
