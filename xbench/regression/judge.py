"""Judging metrics: worse in their own direction, by more than the repetitions explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xbench.metrics import METRICS
from xbench.regression.gate import Gate, Kind, Rule, verdict_of
from xbench.regression.group import Group, Read, Target
from xbench.regression.noise import Difference, difference, floor_of


@dataclass(frozen=True)
class Judged:
    """A quantity of a group before its verdict, which depends on how many are judged by a band.

    Parameters
    ----------
    group, quantity, kind, unit, direction
        As for `xbench.regression.gate.Gate`.
    difference
        What changed.
    rule, threshold
        How it is judged; the number only where the rule is ``"threshold"``.
    detail
        What else there is to say.
    lost
        In how many runs the quantity is undefined now and was not in the baseline.
    """

    group: Group
    quantity: str
    kind: Kind
    unit: str
    direction: str
    difference: Difference
    rule: Rule
    threshold: float = 0.0
    detail: str = ""
    lost: int = 0

    def gate(self, chance: float) -> Gate:
        """Judge it, with this chance of a false alarm where the rule is the band."""
        change = self.difference.change
        worse = change if self.direction == "lower" else -change
        limit = self.threshold
        if self.rule == "band":
            limit = self.difference.half_width(chance)
        verdict = verdict_of(worse, limit, floor_of(self.difference))
        return Gate(
            method=self.group.method,
            L=self.group.L,
            kind=self.kind,
            quantity=self.quantity,
            unit=self.unit,
            direction=self.direction,
            before=self.difference.before,
            after=self.difference.after,
            worse=worse,
            limit=limit,
            rule=self.rule,
            chance=self.difference.chance_of(abs(worse)) if self.rule == "band" else None,
            verdict="regression" if self.lost else verdict,
            detail="" if verdict == "same" and not self.lost else self.detail,
        )


def rule_for(group: Group, threshold: float | None) -> Rule:
    """Choose how a quantity is judged.

    What the task says goes first. With the same seeds a method without noise, or one of which a
    single repetition was kept, may not change at all; else the repetitions say how much it may.
    With other seeds they always do: a method that gave the same features five times may have been
    lucky, and one that always gives the same has a band of no width.
    """
    if threshold is not None:
        return "threshold"
    repeated = len({run.repetition for run in group.before}) > 1
    is_exact = group.same_seeds and group.deterministic
    return "band" if repeated and not is_exact else "exact"


def metric_judged(group: Group, name: str, threshold: float | None) -> Judged | None:
    """Compare a metric; None where it has no direction, or no target has a value on both sides."""
    metric = METRICS.get(name)
    if metric is None or metric.direction == "none":
        return None

    def read(run: object) -> float | None:
        value: float | None = run.metrics.get(name)  # type: ignore[attr-defined]
        return value

    before, after = group.values(read)
    lost = _undefined_now(group, read)
    if not before and not lost:
        return None
    return Judged(
        group=group,
        quantity=name,
        kind="metrics",
        unit=metric.unit,
        direction=metric.direction,
        difference=difference(list(before.values()) or [[0.0]], list(after.values()) or [[0.0]]),
        rule=rule_for(group, threshold),
        threshold=threshold or 0.0,
        detail=f"undefined in {lost} runs" if lost else worst(before, after, metric.direction),
        lost=lost,
    )


def worst(
    before: dict[Target, list[float]], after: dict[Target, list[float]], direction: str
) -> str:
    """Name the target that changed most for the worse; nothing where none did.

    Examples
    --------
    >>> worst({("VIP", "GAD1"): [1.0]}, {("VIP", "GAD1"): [0.75]}, "higher")
    'most at VIP:GAD1, -0.25'
    """
    sign = 1.0 if direction == "lower" else -1.0
    changes = {key: float(np.mean(after[key]) - np.mean(before[key])) for key in before}
    key = max(changes, key=lambda one: sign * changes[one], default=None)
    if key is None or sign * changes[key] <= 0:
        return ""
    return f"most at {key[0]}:{key[1]}, {changes[key]:+.3g}"


def _undefined_now(group: Group, read: Read) -> int:
    """Count the fresh runs without a value at targets where every run of the baseline has one."""
    defined: dict[Target, bool] = {}
    for run in group.before:
        if run.status == "ok":
            key = (run.cell_type, run.target)
            defined[key] = defined.get(key, True) and read(run) is not None
    return sum(
        run is not None
        and run.status == "ok"
        and read(run) is None
        and defined.get((run.cell_type, run.target), False)
        for run in group.after
    )


def gates_of(judged: Sequence[Judged], level: float) -> list[Gate]:
    """Judge all, sharing the chance of a false alarm among those that a band decides (Bonferroni).

    Examples
    --------
    >>> gates_of([], 0.01)
    []
    """
    banded = sum(one.rule == "band" for one in judged)
    return [one.gate(level / max(banded, 1)) for one in judged]
