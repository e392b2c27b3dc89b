"""How the values of many genes are spread, undefined ones set apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Spread:
    """Mean and quantiles of the values that are defined.

    Parameters
    ----------
    defined, undefined
        How many values there are of each.
    mean
        NaN where none is defined.
    quantiles
        At `QUANTILES`; NaN where none is defined.
    """

    defined: int
    undefined: int
    mean: float
    quantiles: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value."""
        return self.quantiles[QUANTILES.index(0.5)]


def spread(values: np.ndarray) -> Spread:
    """Summarise values, of which undefined ones (NaN) are counted and left out, never zero.

    Parameters
    ----------
    values
        Shape (n,).

    Examples
    --------
    >>> spread(np.array([1.0, 3.0, np.nan])).median
    2.0
    """
    defined = values[np.isfinite(values)]
    missing = len(values) - len(defined)
    if not len(defined):
        return Spread(0, missing, float("nan"), (float("nan"),) * len(QUANTILES))
    quantiles = tuple(float(value) for value in np.quantile(defined, QUANTILES))
    return Spread(len(defined), missing, float(defined.mean()), quantiles)
