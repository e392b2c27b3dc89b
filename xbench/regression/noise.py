"""By how much metrics and seconds move when nothing but the seeds or the machine changes.

A mean over targets and repetitions moves with the seeds. Seconds of two machines cannot be
compared, so a method's seconds are judged next to those of another method of the same run.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import ConfigDict

from xbench.benchmark.thresholds import SECONDS, Thresholds
from xbench.regression.gate import Gate, Verdict
from xbench.results.record import Record

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


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Seconds of a method at one L, as a multiple of the reference method's.

    Parameters
    ----------
    method, L
        What was timed.
    ratio
        Median over targets and repetitions of seconds(method) / seconds(reference method), both
        of the same target, repetition and L.
    low, high
        Quartiles of these ratios.

    Examples
    --------
    >>> Speed(method="grids", L=10, ratio=0.5, low=0.4, high=0.6).to_json()
    '{"L": 10, "high": 0.6, "low": 0.4, "method": "grids", "ratio": 0.5}'
    """

    method: str
    L: int
    ratio: float
    low: float
    high: float

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    def to_json(self) -> str:
        """Return it as one line of JSON, keys sorted."""
        return json.dumps(asdict(self), sort_keys=True)


def speeds(records: Sequence[Record], reference_method: str) -> list[Speed]:
    """Measure every method against the reference method of the same records.

    Parameters
    ----------
    records
        Of one task on one machine; only those that are ok are timed.
    reference_method
        Label of the method that is 1.

    Returns
    -------
    list of Speed
        By method and L; empty where the reference method has no run.

    Examples
    --------
    >>> speeds([], "saliency")
    []
    """
    timed = [record for record in records if record.status == "ok"]
    reference = {_place(one): one.seconds for one in timed if one.method == reference_method}
    ratios: dict[tuple[str, int], list[float]] = {}
    for record in timed:
        beside = reference.get(_place(record), 0.0)
        if beside > 0:
            ratios.setdefault((record.method, record.L), []).append(record.seconds / beside)
    return [_speed(method, size, ratios[method, size]) for method, size in sorted(ratios)]


def _place(record: Record) -> tuple[str, str, int, int]:
    return (record.cell_type, record.target, record.L, record.repetition)


def _speed(method: str, size: int, ratios: Sequence[float]) -> Speed:
    # Three digits: a clock is no better, and a file with more is harder to review.
    low, ratio, high = (
        float(f"{part:.3g}") for part in np.quantile(np.asarray(ratios), [0.25, 0.5, 0.75])
    )
    return Speed(method=method, L=size, ratio=ratio, low=low, high=high)


# How much a ratio may grow where a task says nothing. Generous on purpose: another processor runs
# Python and matrix products at another ratio, and a busy one is uneven. What this misses, counts
# of evaluations mostly catch, and they are exact.
FACTOR = 3.0
# Below this share of the reference method's time a method is not timed but counted as this much:
# a clock says little about a millisecond.
SHORTEST = 0.05


def judge_speed(
    before: Sequence[Speed],
    after: Sequence[Speed],
    reference_method: str,
    thresholds: Thresholds,
) -> list[Gate]:
    """Compare the ratios of all methods but the reference.

    Parameters
    ----------
    before, after
        Of the baseline and of the fresh run, relative to the same method.
    reference_method
        Its label.
    thresholds
        Factors of the task.

    Examples
    --------
    >>> old = Speed(method="grids", L=10, ratio=0.5, low=0.4, high=0.6)
    >>> new = Speed(method="grids", L=10, ratio=2.0, low=1.9, high=2.1)
    >>> (gate,) = judge_speed([old], [new], "saliency", Thresholds())
    >>> gate.verdict, gate.worse, gate.limit
    ('regression', 4.0, 3.0)
    """
    now = {(speed.method, speed.L): speed for speed in after}
    gates = []
    for old in before:
        new = now.get((old.method, old.L))
        if new is None or old.method == reference_method:
            continue
        told = thresholds.of(old.method, SECONDS)
        factor = FACTOR if told is None else told
        gates.append(
            Gate(
                method=old.method,
                L=old.L,
                kind="seconds",
                quantity=SECONDS,
                unit=f"× {reference_method}",
                before=old.ratio,
                after=new.ratio,
                worse=new.ratio / max(old.ratio, SHORTEST),
                limit=factor,
                rule="factor",
                verdict=_verdict(old.ratio, new.ratio, factor),
                detail=f"half of the runs {new.low:.3g} to {new.high:.3g}, before {old.low:.3g} to "
                f"{old.high:.3g}",
            )
        )
    return gates


def _verdict(old: float, new: float, factor: float) -> Verdict:
    if new > factor * max(old, SHORTEST):
        return "regression"
    return "better" if max(new, SHORTEST) * factor < old else "within"
