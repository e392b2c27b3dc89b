"""A mean over targets and repetitions, with an interval that knows that they are nested."""

import math
from collections.abc import Sequence
from functools import lru_cache
from numbers import Real
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Nested: TypeAlias = "Sequence[float] | Sequence[Nested]"
Shape: TypeAlias = "int | tuple[Shape, ...]"


class ConfidenceInterval(NamedTuple):
    """A mean and the ends of its interval, in the unit of the values."""

    mean: float
    low: float
    high: float


def hierarchical_interval(
    values_by_target: Nested, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> ConfidenceInterval:
    """Return the mean over targets of the means over repetitions, with a bootstrap interval.

    The interval is a percentile bootstrap that draws targets with replacement and, for each
    target drawn, its repetitions with replacement. It answers: how would the mean move with other
    targets and other seeds? Every target weighs the same, however many repetitions it has.

    Parameters
    ----------
    values_by_target
        For each target the values of its repetitions. Lists may be of different lengths; empty
        ones are left out. May be nested deeper (cell types, targets, repetitions): each level is
        drawn anew within the level above.
    level
        Share of the resampled means inside the interval.
    resamples
        Number of resampled means.
    seed
        Seed of the draws; the same values and seed give the same interval.

    Returns
    -------
    ConfidenceInterval
        ``mean``, ``low``, ``high``. All NaN without any value; ``low`` and ``high`` NaN for one.

    Raises
    ------
    ValueError
        If a value is not finite.

    Examples
    --------
    >>> hierarchical_interval([[1.0, 3.0], [6.0]]).mean
    4.0
    >>> hierarchical_interval([[2.0, 2.0], [2.0]])
    ConfidenceInterval(mean=2.0, low=2.0, high=2.0)
    """
    shape, flat = _flatten(values_by_target)
    if not flat:
        return ConfidenceInterval(math.nan, math.nan, math.nan)
    values = np.array(flat, dtype=float)
    if not np.isfinite(values).all():
        raise ValueError("hierarchical_interval: every value must be finite")
    # Every mean lies within the range of the values: clipping removes rounding errors only, and
    # makes the interval of constant values exactly zero wide.
    smallest, largest = float(values.min()), float(values.max())
    mean = float(np.clip(_plain_weights(shape) @ values, smallest, largest))
    if values.size < 2:
        return ConfidenceInterval(mean, math.nan, math.nan)
    if smallest == largest:
        return ConfidenceInterval(mean, mean, mean)
    means = np.clip(_weights(shape, resamples, seed) @ values, smallest, largest)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return ConfidenceInterval(mean, float(low), float(high))


def _flatten(values: Nested) -> tuple[Shape, list[float]]:
    """Return the shape of nested values without empty groups, and the values in one list."""
    if all(isinstance(value, Real) for value in values):
        return len(values), [float(value) for value in values]  # type: ignore[arg-type]
    parts = [_flatten(value) for value in values]  # type: ignore[arg-type]
    filled = [(shape, flat) for shape, flat in parts if flat]
    return tuple(shape for shape, _ in filled), [value for _, flat in filled for value in flat]


def _plain_weights(shape: Shape) -> NDArray[np.float64]:
    """Return the weight of each value in the mean of means; (values,), sums to 1."""
    if isinstance(shape, int):
        return np.full(shape, 1 / shape)
    return np.concatenate([_plain_weights(child) for child in shape]) / len(shape)


@lru_cache(maxsize=16)
def _weights(shape: Shape, resamples: int, seed: int) -> NDArray[np.float64]:
    """Return each value's weight in each resampled mean; (resamples, values), rows sum to 1.

    The draws depend on the shape alone, and most rows of a leaderboard share a few shapes.
    """
    weights = _draw(shape, resamples, np.random.default_rng(seed))
    weights.flags.writeable = False
    return weights


def _draw(shape: Shape, resamples: int, random: np.random.Generator) -> NDArray[np.float64]:
    if isinstance(shape, int):
        return random.multinomial(shape, np.full(shape, 1 / shape), size=resamples) / shape
    drawn = random.integers(len(shape), size=(resamples, len(shape)))
    parts = []
    for index, child in enumerate(shape):
        # A child drawn twice in one resample is resampled within twice, independently.
        resample = np.nonzero(drawn == index)[0]
        inner = _draw(child, resample.size, random)
        part = np.zeros((resamples, inner.shape[1]))
        np.add.at(part, resample, inner / len(shape))
        parts.append(part)
    return np.concatenate(parts, axis=1)
