"""Which features are near: windows of peaks, squares of pixels, distance to a gene's start."""

import math

import numpy as np

from xbench.data.dataset import Target
from xbench.data.features import Features


def image_side(features: Features) -> int | None:
    """Return the side of the square image that the features are the pixels of.

    Features are taken for pixels, row by row, where they have no coordinates and their number is
    a square; None where they are not.

    Examples
    --------
    >>> image_side(Features([f"pixel{number}" for number in range(9)]))
    3
    """
    side = math.isqrt(len(features))
    return side if not features.has_coordinates and side**2 == len(features) else None


def window_of_features(features: Features, width: int = 4, patch: int = 2) -> np.ndarray:
    """Cut features into windows and say in which each of them is.

    Parameters
    ----------
    features
        Pixels of a square image (see `image_side`) are cut into patches, numbered row by row; any
        others into runs, in the order of the columns, which do not reach across chromosomes.
    width
        Features in a run; the last of a chromosome may have fewer.
    patch
        Rows and columns of a patch; those at the right and lower edge may have fewer.

    Returns
    -------
    ndarray
        Number of each feature's window, from 0 without a gap, shape (d,).

    Examples
    --------
    >>> peaks = Features(list("abcdef"), ["chr1"] * 5 + ["chr2"], range(6), range(1, 7))
    >>> window_of_features(peaks).tolist()
    [0, 0, 0, 0, 1, 2]
    >>> window_of_features(Features(list("abcdefghi"))).tolist()
    [0, 0, 1, 0, 0, 1, 2, 2, 3]
    """
    side = image_side(features)
    if side is not None:
        place = np.arange(side) // patch
        return (place[:, None] * (place[-1] + 1) + place).ravel()
    sizes = np.diff(features.blocks()[1])
    runs = [np.arange(size) // width for size in sizes]
    before = np.concatenate([[0], np.cumsum(-(-sizes // width))[:-1]])
    return np.concatenate([run + first for run, first in zip(runs, before, strict=True)])


def windows(window_of: np.ndarray) -> list[np.ndarray]:
    """Return the features of each window, ascending.

    Examples
    --------
    >>> windows(np.array([0, 0, 1, 0]))
    [array([0, 1, 3]), array([2])]
    """
    order = np.argsort(window_of, kind="stable")
    return np.split(order, np.cumsum(np.bincount(window_of))[:-1])


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
    """Return each feature's distance to where the target's gene is transcribed from.

    Where its strand is not known it may start at either end, and the nearer one counts.

    Returns
    -------
    ndarray
        Shape (d,), base pairs; 0 on overlap, inf on another chromosome.

    Raises
    ------
    ValueError
        Where the target's place is not known.

    Examples
    --------
    >>> from xbench.data.features import Interval
    >>> peaks = Features(["a", "b"], ["chr1", "chr1"], [100, 500], [200, 600])
    >>> distance_to_start(peaks, Target("VIP", "GAD1", 0, Interval("chr1", 190, 700))).tolist()
    [0.0, 100.0]
    """
    if target.interval is None:
        raise ValueError(f"it is not known where {target.name!r} lies")
    return features.distance_to_start(target.interval)
