"""Distance of the selected peaks to the target gene (paper, Section 5.3.2, Table 3)."""

from typing import ClassVar

import numpy as np

from xbench.metrics.metric import Metric, Outcome

SOFT_DISTANCE = 10_000_000


class HitRatio(Metric):
    """Whether the nearest selected peak is at the gene, see `hit`."""

    name = "hit-ratio"
    label = "HR(%)"
    unit = "%"
    direction = "higher"
    low, high = 0.0, 100.0
    pooled = "targets"
    description = (
        "100 where the selected peak closest to the target overlaps its gene body, "
        "else 0; the mean over targets is the paper's HR (Table 3)."
    )
    within: ClassVar[float] = 0

    def compute(self, outcome: Outcome) -> float | None:
        """Return 100 or 0; None without coordinates."""
        if outcome.distances is None:
            return None
        return hit(outcome.distances, outcome.indices, self.within)


class SoftHitRatio(HitRatio):
    """Whether the nearest selected peak is near the gene, see `hit`."""

    name = "soft-hit-ratio"
    label = "SHR(%)"
    description = "As hit-ratio, within 10 Mb of the gene body (Table 3)."
    within = SOFT_DISTANCE


class HitRatioChance(Metric):
    """The hit ratio that random peaks have, see `hit_chance`."""

    name = "hit-ratio-chance"
    label = "HR chance(%)"
    unit = "%"
    direction = "none"
    low, high = 0.0, 100.0
    pooled = "targets"
    description = "Exact probability that L uniformly random distinct peaks hit."
    within: ClassVar[float] = 0

    def compute(self, outcome: Outcome) -> float | None:
        """Return the probability in %; None without coordinates."""
        if outcome.distances is None:
            return None
        distances = outcome.among_candidates(outcome.distances)
        return hit_chance(distances, len(outcome.indices), self.within)


class SoftHitRatioChance(HitRatioChance):
    """The soft hit ratio that random peaks have, see `hit_chance`."""

    name = "soft-hit-ratio-chance"
    label = "SHR chance(%)"
    description = "Exact probability that L uniformly random distinct peaks soft-hit."
    within = SOFT_DISTANCE


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
