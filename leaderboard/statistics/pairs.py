"""Two methods on the targets that both have values for, and by how much they differ."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal, TypeAlias

from xbench.errors import XbenchError, unknown_name

from .bootstrap import hierarchical_interval

TargetKey: TypeAlias = tuple[str, str]
"""Cell type and gene, or the names that stand for them in a row of means."""
Repetitions: TypeAlias = Sequence[float] | Mapping[int, float]
"""Values in the order of repetitions, or by their numbers where some may be missing."""
MethodValues: TypeAlias = Mapping[str, Mapping[TargetKey, Repetitions]]
"""What statistics are computed from: repetitions of one quantity at one L, by method and target."""

# Values nearer than this, relative to the larger, are equal: they come of sums in single precision.
_ROUNDING = 1e-6
# And nearer than this, however small they are: a change of next to nothing is a difference of two
# sums, and does not shrink their rounding, some 1e-6 of a change in %. One rule for all metrics,
# for tables show none, whether in %, a share of 1 or a difference, to more than 0.001.
NO_DIFFERENCE = 1e-5


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

    targets: tuple[TargetKey, ...]
    first: tuple[Mapping[int, float], ...]
    second: tuple[Mapping[int, float], ...]
    missing: tuple[TargetKey, ...] = ()

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


def pairs(values: MethodValues, method: str, other: str) -> Pairs:
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


def of_method(values: MethodValues, method: str) -> dict[TargetKey, dict[int, float]]:
    """Return a method's targets that have values, sorted, with the values by repetition.

    Parameters
    ----------
    values
        Repetitions by method and target. Targets without repetitions are left out.
    method
        A method among them.

    Raises
    ------
    XbenchError
        If there is no such method, or one of its values is not finite.

    Examples
    --------
    >>> of_method({"grids": {("VIP", "GAD2"): [1, 2], ("VIP", "GAD1"): []}}, "grids")
    {('VIP', 'GAD2'): {0: 1.0, 1: 2.0}}
    """
    if method not in values:
        raise unknown_name("method", method, values, where="values compared")
    found = {}
    for target, repetitions in sorted(values[method].items()):
        numbered = repetitions if isinstance(repetitions, Mapping) else dict(enumerate(repetitions))
        numbers = {number: float(value) for number, value in sorted(numbered.items())}
        if not all(map(math.isfinite, numbers.values())):
            raise XbenchError(
                f"values of {method} on {':'.join(target)}: every value must be finite; "
                "leave out runs without a result"
            )
        if numbers:
            found[target] = numbers
    return found


def same(one: float, other: float) -> bool:
    """Whether two values differ by no more than rounding in single precision makes them.

    Examples
    --------
    >>> same(-97.4412, -97.44121), same(-97.4412, -97.4422)
    (True, False)
    >>> same(0.0, 1e-6), same(0.0, 1e-3)
    (True, False)
    """
    return math.isclose(one, other, rel_tol=_ROUNDING, abs_tol=NO_DIFFERENCE)


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


@dataclass(frozen=True)
class Effect:
    """Mean paired difference, one method minus the other, in the unit of the values.

    Parameters
    ----------
    mean
        Mean over targets of means over repetitions of the difference; None without a target.
    low, high
        Ends of its 95% interval; None where there is none.
    targets
        Number of targets behind it.
    reason
        Why something is None; empty otherwise.
    """

    mean: float | None
    low: float | None
    high: float | None
    targets: int
    reason: str = ""

    @property
    def side(self) -> Literal["below", "above", "around", "unknown"]:
        """Where the interval lies: below zero, above zero, around it, or nowhere."""
        if self.low is None or self.high is None:
            return "unknown"
        return "below" if self.high < 0 else "above" if self.low > 0 else "around"


def effect(pairs: Pairs) -> Effect:
    """Return the mean paired difference with a bootstrap interval over targets and repetitions.

    Every target weighs the same. The interval is that of `hierarchical_interval`. A percentile
    bootstrap is too narrow where there are few targets: for 5 and fewer read it as a hint.

    Parameters
    ----------
    pairs
        Two methods' values on the targets that both have.

    Examples
    --------
    >>> one, other = ({0: 1.0}, {0: 2.0}), ({0: 0.0}, {0: 0.0})
    >>> effect(Pairs((("VIP", "GAD1"), ("VIP", "GAD2")), one, other))
    Effect(mean=1.5, low=1.0, high=2.0, targets=2, reason='')
    >>> effect(Pairs((), (), ())).reason
    'no target has values of both methods'
    """
    count = len(pairs.targets)
    if not count:
        return Effect(None, None, None, 0, "no target has values of both methods")
    mean, low, high = hierarchical_interval(pairs.differences)
    if math.isnan(low):
        return Effect(mean, None, None, count, "an interval needs more than one value")
    return Effect(mean, low, high, count)
