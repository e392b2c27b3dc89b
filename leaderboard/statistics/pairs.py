"""Two methods on the targets that both have values for."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

from .values import Target, Values, of_method


@dataclass(frozen=True)
class Pairs:
    """The values of two methods, target by target.

    Parameters
    ----------
    targets
        Targets (cell type, gene) that both have, sorted.
    first, second
        For each of them the repetitions of the one and of the other method.
    missing
        Targets that only one of the two has; they are left out.

    Examples
    --------
    >>> values = {
    ...     "grids": {("VIP", "GAD1"): [-4.0, -6.0], ("VIP", "GAD2"): [-3.0]},
    ...     "random": {("VIP", "GAD1"): [1.0]},
    ... }
    >>> shared = pairs(values, "grids", "random")
    >>> shared.differences, shared.missing
    ([[-5.0, -7.0]], (('VIP', 'GAD2'),))
    """

    targets: tuple[Target, ...]
    first: tuple[tuple[float, ...], ...]
    second: tuple[tuple[float, ...], ...]
    missing: tuple[Target, ...] = ()

    @property
    def first_means(self) -> list[float]:
        """The one method's mean over repetitions for each target."""
        return [fmean(repetitions) for repetitions in self.first]

    @property
    def second_means(self) -> list[float]:
        """The other method's mean over repetitions for each target."""
        return [fmean(repetitions) for repetitions in self.second]

    @property
    def mean_differences(self) -> list[float]:
        """Difference, one minus other, of the means over repetitions, for each target."""
        return [one - other for one, other in zip(self.first_means, self.second_means, strict=True)]

    @property
    def differences(self) -> list[list[float]]:
        """Differences of repetitions for each target; their mean is that of the means."""
        return [
            _differences(one, other) for one, other in zip(self.first, self.second, strict=True)
        ]


def pairs(values: Values, method: str, other: str) -> Pairs:
    """Return two methods' values on the targets that both have.

    Parameters
    ----------
    values
        Repetitions of one metric at one L, by method and target.
    method, other
        Names of the two.

    Raises
    ------
    XbenchError
        If one of the methods is not there, or a value is not finite.
    """
    first, second = of_method(values, method), of_method(values, other)
    shared = tuple(target for target in first if target in second)
    return Pairs(
        shared,
        tuple(first[target] for target in shared),
        tuple(second[target] for target in shared),
        tuple(sorted(first.keys() ^ second.keys())),
    )


def _differences(first: tuple[float, ...], second: tuple[float, ...]) -> list[float]:
    """Return differences of repetitions.

    Methods draw from seeds of their own, so which repetition is paired with which does not
    matter. A single value is subtracted from all of the other's. Of unequal numbers, as when a
    run failed, as many as both have are paired, and moved so that no value is lost to the mean.
    """
    if 1 in (len(first), len(second)):
        return [one - other for one in first for other in second]
    paired = [one - other for one, other in zip(first, second, strict=False)]
    if len(first) == len(second):
        return paired
    moved = fmean(first) - fmean(second) - fmean(paired)
    return [difference + moved for difference in paired]
