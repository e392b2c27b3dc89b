"""How long methods took relative to one of them: seconds of two machines cannot be compared.

Judging seconds, next to those of another method of the same run.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np
from pydantic import ConfigDict

from xbench.benchmark.thresholds import SECONDS, Thresholds
from xbench.regression.gate import Gate, Verdict
from xbench.results.record import Record


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
