"""Distance of the selected peaks to the target gene (paper, Section 5.3.2, Table 3)."""

from __future__ import annotations

import numpy as np

SOFT_DISTANCE = 10_000_000


def hit(distances: np.ndarray, indices: np.ndarray, within: float = 0) -> float:
    """100 where the closest selected peak is within a distance of the gene body, else 0.

    Parameters
    ----------
    distances
        Base pairs from each peak to the gene, 0 on overlap, infinite on another chromosome,
        shape (d,).
    indices
        Selected peaks.
    within
        0 for a hit, `SOFT_DISTANCE` for a soft hit.

    Examples
    --------
    >>> hit(np.array([0.0, 5.0, np.inf]), np.array([1, 2]), within=10)
    100.0
    """
    return 100.0 * float(distances[indices].min() <= within)


def hit_chance(distances: np.ndarray, subset_size: int, within: float = 0) -> float:
    """Exact probability, in %, that L uniformly random distinct peaks hit.

    One minus the hypergeometric probability of drawing none of the peaks in reach.

    Examples
    --------
    >>> round(hit_chance(np.array([0.0, 1.0, 2.0, 3.0]), 2), 6)
    50.0
    """
    # Imported here: to list the metrics takes half a second less without it.
    from scipy.stats import hypergeom

    in_reach = int((distances <= within).sum())
    return float(100 * hypergeom.sf(0, len(distances), in_reach, subset_size))
