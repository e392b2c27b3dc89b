"""Which features may be chosen for a gene: those within a window round where it starts."""

import re
from typing import Any

import numpy as np

from xbench.data.dataset import Target
from xbench.data.features import Features
from xbench.errors import XbenchError

_UNITS = {"": 1, "bp": 1, "kb": 1_000, "mb": 1_000_000, "k": 1_000, "m": 1_000_000}
_WINDOW = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)


def window_of(given: Any) -> int:
    """Return a window in base pairs, from a number or a text such as 1Mb, 500kb or 250000.

    Raises
    ------
    XbenchError
        It is no such text, or not a whole number of base pairs from 1 on.

    Examples
    --------
    >>> window_of("1Mb"), window_of("2.5 kb"), window_of(250_000)
    (1000000, 2500, 250000)
    """
    match = _WINDOW.fullmatch(str(given).replace(",", "").replace("_", "").strip())
    unit = None if match is None or isinstance(given, bool) else _UNITS.get(match[2].lower())
    window = 0.0 if match is None or unit is None else round(float(match[1]) * unit, 6)
    if not window >= 1 or window % 1:
        raise XbenchError(
            f"window {given!r}: give base pairs from 1 on, such as 1Mb, 500kb or 250000"
        )
    return int(window)


def window_text(window: int) -> str:
    """Return a window as people say it.

    Examples
    --------
    >>> window_text(1_000_000), window_text(2_500), window_text(10)
    ('1 Mb', '2.5 kb', '10 bp')
    """
    for size, unit in ((1_000_000, "Mb"), (1_000, "kb")):
        if window >= size:
            return f"{window / size:g} {unit}"
    return f"{window} bp"


def candidates(features: Features, target: Target, window: int | None) -> np.ndarray | None:
    """Return the features within a window round where the target's gene starts.

    Where the gene's strand is not known, it may start at either end: both count.

    Parameters
    ----------
    features, target
        Of a dataset.
    window
        Base pairs between the nearest bases, on either side; no limit where None.

    Returns
    -------
    ndarray or None
        Positions, int64, ascending; None where all features are candidates.

    Raises
    ------
    XbenchError
        The features, or the gene, have no known place.

    Examples
    --------
    >>> from xbench.data.features import Interval
    >>> peaks = Features(["a", "b", "c"], ["chr1"] * 3, [100, 900, 5000], [200, 950, 5100])
    >>> gene = Target("VIP", "GAD1", 0, Interval("chr1", 1000, 3000, "+"))
    >>> candidates(peaks, gene, 100).tolist(), candidates(peaks, gene, None)
    ([1], None)
    """
    if window is None:
        return None
    if not features.has_coordinates:
        raise XbenchError("a window needs features with coordinates: leave --within out")
    if target.interval is None:
        raise XbenchError(
            f"it is not known where {target.name!r} lies: give the genes' places by --gtf, or "
            "leave --within out"
        )
    return np.flatnonzero(features.distance_to_start(target.interval) <= window)
