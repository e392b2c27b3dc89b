"""How far features are from where a gene may start."""

from __future__ import annotations

import numpy as np

from xbench.data.features import Features
from xbench.data.target import Target
from xbench.interval import Interval


def why_no_distance(features: Features, target: Target) -> str | None:
    """Return why distances to a target's gene are not known, or None where they are.

    Examples
    --------
    >>> why_no_distance(Features(["pixel"]), Target("8", "3", 1))
    'needs features with genome coordinates'
    """
    if not features.has_coordinates:
        return "needs features with genome coordinates"
    if target.interval is None:
        return f"needs to know where {target.name!r} lies on the genome"
    return None


def distance_to_start(features: Features, target: Target) -> np.ndarray:
    """Return each feature's distance to the nearer end of the target's gene, in base pairs.

    A gene starts at one of the two ends, and its strand is not known here.

    Returns
    -------
    ndarray
        Shape (d,); 0 on overlap, inf on another chromosome.

    Raises
    ------
    ValueError
        Where the target's place is not known.

    Examples
    --------
    >>> peaks = Features(["a", "b"], ["chr1", "chr1"], [100, 500], [200, 600])
    >>> distance_to_start(peaks, Target("VIP", "GAD1", 0, Interval("chr1", 190, 700))).tolist()
    [0.0, 100.0]
    """
    gene = target.interval
    if gene is None:
        raise ValueError(f"it is not known where {target.name!r} lies")
    ends = (
        Interval(gene.chrom, gene.start, gene.start + 1),
        Interval(gene.chrom, gene.end - 1, gene.end),
    )
    return np.minimum(*(features.distance_to(end) for end in ends))
