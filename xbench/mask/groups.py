"""Disjoint groups of features, each masked as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xbench.mask.population import Subset, check_subset


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


def disjoint_groups(groups: Sequence[Subset] | None, n_features: int) -> Groups:
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
    parts = [np.asarray(group, dtype=np.int64).reshape(-1) for group in groups]
    sizes = np.array([len(part) for part in parts], dtype=np.int64)
    number = np.repeat(np.arange(len(parts)), sizes)
    features = np.concatenate([np.zeros(0, dtype=np.int64), *parts])
    try:
        check_subset(features, n_features)
    except ValueError as problem:
        raise ValueError(f"groups: {problem}".replace("the subset", "them")) from None
    order = np.lexsort((features, number))
    return Groups(features[order], number[order], len(parts))


def each_alone(features: np.ndarray) -> Groups:
    """Return a group for each of some distinct features, in their order."""
    return Groups(features, np.arange(len(features)), len(features))


def without(groups: Groups, subset: np.ndarray) -> Groups:
    """Leave out features that are masked already: masking them again changes nothing."""
    if not len(subset):
        return groups
    kept = ~np.isin(groups.features, subset)
    return Groups(groups.features[kept], groups.number[kept], groups.count)
