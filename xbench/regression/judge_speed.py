"""Judging seconds, next to those of another method of the same run."""

from __future__ import annotations

from collections.abc import Sequence

from xbench.benchmark.thresholds import SECONDS, Thresholds
from xbench.regression.gate import Gate, Verdict
from xbench.regression.speed import Speed

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
