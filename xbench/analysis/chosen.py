"""The features that a measure is about, checked."""

from __future__ import annotations

import numpy as np

from xbench.errors import XbenchError
from xbench.mask.population import Subset, check_subset


def chosen_features(indices: Subset, n_features: int) -> np.ndarray:
    """Return the selected features as an array of at least one distinct index in range.

    Parameters
    ----------
    indices
        Selected features, shape (L,), in any order, which is kept.
    n_features
        d.

    Raises
    ------
    XbenchError
        No feature at all, one that is out of range, or one that is there more than once.

    Examples
    --------
    >>> chosen_features([4, 0], 5)
    array([4, 0])
    """
    try:
        chosen = check_subset(indices, n_features)
    except ValueError as error:
        raise XbenchError(f"selected features: {error}") from None
    if not len(chosen):
        raise XbenchError("selected features: there are none; give at least one index")
    return chosen
