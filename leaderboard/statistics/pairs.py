"""Two methods on the targets that both have values for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from .values import Target, Values, of_method

# Values nearer than this, relative to the larger, are equal: they come of sums in single precision.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Pairs:
    """The values of two methods, target by target.

    Parameters
    ----------
    targets
        Targets (cell type, gene) that both have, sorted.
    first, second
        For each of them the values of the one and of the other method, by repetition.
    missing
        Targets that only one of the two has; they are left out.

    Examples
    --------
    >>> values = {
    ...     "grids": {("VIP", "GAD1"): [-4.0, -6.0], ("VIP", "GAD2"): [-3.0]},
    ...     "random": {("VIP", "GAD1"): [1.0, 1.0]},
    ... }
    >>> shared = pairs(values, "grids", "random")
    >>> shared.differences, shared.missing
    ([[-5.0, -7.0]], (('VIP', 'GAD2'),))
    """

    targets: tuple[Target, ...]
    first: tuple[Mapping[int, float], ...]
    second: tuple[Mapping[int, float], ...]
    missing: tuple[Target, ...] = ()

    @property
    def first_means(self) -> list[float]:
        """The one method's mean over repetitions for each target."""
        return [fmean(repetitions.values()) for repetitions in self.first]

    @property
    def second_means(self) -> list[float]:
        """The other method's mean over repetitions for each target."""
        return [fmean(repetitions.values()) for repetitions in self.second]

    @property
    def mean_differences(self) -> list[float]:
        """Mean of `differences` for each target."""
        return [fmean(repetitions) for repetitions in self.differences]

    @property
    def differences(self) -> list[list[float]]:
        """Differences, one minus other, of the repetitions of each target."""
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


def same(one: float, other: float) -> bool:
    """Whether two values differ by no more than rounding in single precision makes them.

    Examples
    --------
    >>> same(-97.4412, -97.44121), same(-97.4412, -97.4422)
    (True, False)
    """
    return math.isclose(one, other, rel_tol=_ROUNDING)


def _differences(first: Mapping[int, float], second: Mapping[int, float]) -> list[float]:
    """Return differences of repetitions of the same number.

    Where a task's repetitions divide the cells anew, those of one number have the same cells. A
    repetition that only one method has, as when a run failed, is left out; methods without any in
    common are compared by all pairs.
    """
    shared = sorted(first.keys() & second.keys())
    together = [(first[number], second[number]) for number in shared] or [
        (one, other) for one in first.values() for other in second.values()
    ]
    return [0.0 if same(one, other) else one - other for one, other in together]
