"""Which features to try: those with the smallest values, or random ones."""

from __future__ import annotations

import numpy as np


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
