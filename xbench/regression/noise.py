"""By how much a mean over targets and repetitions moves when nothing but the seeds changes."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# What rounding alone may do to a mean, relative to it and never below this absolutely: metrics
# come from sums in single precision, which are summed in another order on another processor.
FLOOR = 1e-5
# Chance of any false alarm among all quantities of one comparison that are judged by a band.
LEVEL = 0.01


class Difference(NamedTuple):
    """A change of a mean and what is known about its noise.

    Parameters
    ----------
    before, after
        Means over targets of the means over repetitions.
    standard_error
        Of ``after - before``, with the same targets and other seeds.
    degrees
        Degrees of freedom of the standard error; infinite where it is 0.
    """

    before: float
    after: float
    standard_error: float
    degrees: float

    @property
    def change(self) -> float:
        """How much the mean rose."""
        return self.after - self.before

    def half_width(self, chance: float) -> float:
        """Return what the change exceeds, in one direction, only with this chance.

        Examples
        --------
        >>> round(Difference(1.0, 1.0, 0.5, 10.0).half_width(0.025), 4)  # 0.5 * 2.2281
        1.1141
        """
        from scipy.stats import t

        if self.standard_error == 0:
            return 0.0
        return float(t.ppf(1 - chance, self.degrees) * self.standard_error)

    def chance_of(self, rise: float) -> float:
        """Return the chance of a rise at least as large where nothing changed.

        Examples
        --------
        >>> Difference(0.0, 0.0, 1.0, 5.0).chance_of(0.0)
        0.5
        """
        from scipy.stats import t

        if self.standard_error == 0:
            return 0.0 if rise > 0 else 1.0
        return float(t.sf(rise / self.standard_error, self.degrees))


def difference(before: Sequence[Sequence[float]], after: Sequence[Sequence[float]]) -> Difference:
    """Compare two sets of repetitions at the same targets (Welch 1947, stratified).

    Targets are the same in both, so that only repetitions are noise: each target has a variance of
    its own in each set, and degrees of freedom are Satterthwaite's. Every target weighs the same.
    The variance of a single repetition is taken from the other set, since it has none of its own.

    Parameters
    ----------
    before, after
        For each target the values of its repetitions, at least one each; the same targets.

    Examples
    --------
    >>> difference([[1.0, 3.0], [5.0, 5.0]], [[2.0, 4.0], [5.0, 5.0]]).change
    0.5
    >>> one = difference([[1.0, 2.0, 3.0]], [[3.0, 4.0, 5.0]])  # the two-sample t test
    >>> round(one.change / one.standard_error, 4), one.degrees
    (2.4495, 4.0)
    """
    n_targets = len(before)
    parts: list[tuple[float, int]] = []
    for first, second in zip(before, after, strict=True):
        for own, other in ((first, second), (second, first)):
            known = own if len(own) > 1 else other
            spread = float(np.var(known, ddof=1)) if len(known) > 1 else 0.0
            parts.append((spread / len(own) / n_targets**2, max(len(known) - 1, 1)))
    total = math.fsum(part for part, _ in parts)
    weights = math.fsum(part**2 / degrees for part, degrees in parts)
    means = [float(np.mean([np.mean(values) for values in side])) for side in (before, after)]
    return Difference(
        before=means[0],
        after=means[1],
        standard_error=math.sqrt(total),
        degrees=total**2 / weights if weights > 0 else math.inf,
    )


def floor_of(difference_: Difference) -> float:
    """Return the change that rounding may make.

    Examples
    --------
    >>> [round(floor_of(Difference(0.0, after, 0.0, 1.0)), 6) for after in (0.1, -96.0)]
    [1e-05, 0.00096]
    """
    return FLOOR * max(1.0, abs(difference_.before), abs(difference_.after))
