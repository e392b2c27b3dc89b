"""Judging runs, evaluations and metrics of a fresh run against a baseline.

Every run of the baseline has to be there again, and to give a result. Counts of evaluations are
exact, and equal on every machine. A metric is worse in its own direction, by more than the
repetitions explain.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from xbench.metrics import METRICS
from xbench.regression.gate import Gate, Kind, Rule, verdict_of
from xbench.regression.noise import FLOOR, Difference, difference, floor_of
from xbench.regression.snapshot import Group, KeptRun, Read, TargetKey


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
    opposite
        Which targets have changed in opposite directions, in words; empty where none have. A
        mean hides it, so that a quantity without noise is then never ``"the same"``.
    gone
        Whether no run has a value now.
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
    opposite: str = ""
    gone: bool = False

    def gate(self, chance: float) -> Gate:
        """Judge it, with this chance of a false alarm where the rule is the band."""
        change, chance_of = self.difference.change, self.difference.chance_of
        worse = change if self.direction == "lower" else -change
        limit = self.threshold
        if self.rule == "band":
            limit = self.difference.half_width(chance)
        verdict = verdict_of(worse, limit, floor_of(self.difference))
        detail = "" if verdict == "same" else self.detail
        if self.opposite and self.rule != "band" and verdict in ("same", "better"):
            verdict, detail = ("within" if verdict == "same" else verdict), self.opposite
        return Gate(
            method=self.group.method,
            L=self.group.L,
            kind=self.kind,
            quantity=self.quantity,
            unit=self.unit,
            direction=self.direction,
            before=self.difference.before,
            after=None if self.gone else self.difference.after,
            worse=math.nan if self.gone else worse,
            limit=limit,
            rule=self.rule,
            chance=None if self.gone or self.rule != "band" else chance_of(abs(worse)),
            verdict="regression" if self.lost else verdict,
            detail=self.detail if self.lost else detail,
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
        # NaN and infinities are no values: they would pass every comparison, or none.
        return value if value is not None and math.isfinite(value) else None

    before, after = group.values(read)
    lost = _undefined_now(group, read)
    if not before and not lost:
        return None
    gone = not before
    if gone:
        # Nothing is left to compare with: what there was is shown, beside nothing.
        before = after = group.values_before(read)
    return Judged(
        group=group,
        quantity=name,
        kind="metrics",
        unit=metric.unit,
        direction=metric.direction,
        difference=difference(list(before.values()), list(after.values())),
        rule=rule_for(group, threshold),
        threshold=threshold or 0.0,
        detail=f"undefined in {lost} runs" if lost else worst(before, after, metric.direction),
        lost=lost,
        opposite=opposite(before, after, metric.direction),
        gone=gone,
    )


def worst(
    before: dict[TargetKey, list[float]], after: dict[TargetKey, list[float]], direction: str
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


def opposite(
    before: dict[TargetKey, list[float]], after: dict[TargetKey, list[float]], direction: str
) -> str:
    """Name the targets that changed most, one for the worse and one for the better.

    Examples
    --------
    >>> old = {("VIP", "GAD1"): [1.0], ("SST", "GAD2"): [1.0]}
    >>> opposite(old, {("VIP", "GAD1"): [0.75], ("SST", "GAD2"): [1.25]}, "higher")
    'worse at VIP:GAD1, -0.25; better at SST:GAD2, +0.25'
    >>> opposite(old, {("VIP", "GAD1"): [0.75], ("SST", "GAD2"): [0.75]}, "higher")
    ''
    """
    sign = 1.0 if direction == "lower" else -1.0
    changes = {key: float(np.mean(after[key]) - np.mean(before[key])) for key in before}
    floors = {key: FLOOR * max(1.0, *map(abs, (*before[key], *after[key]))) for key in before}
    worse = [key for key in changes if sign * changes[key] > floors[key]]
    better = [key for key in changes if -sign * changes[key] > floors[key]]
    if not (worse and better):
        return ""
    most = max(worse, key=lambda key: sign * changes[key])
    best = min(better, key=lambda key: sign * changes[key])
    return "; ".join(
        f"{word} at {key[0]}:{key[1]}, {changes[key]:+.3g}"
        for word, key in (("worse", most), ("better", best))
    )


def _undefined_now(group: Group, read: Read) -> int:
    """Count the fresh runs without a value where the baseline has one.

    With the same seeds run by run. With others at targets where every run of the baseline has a
    value, and at those where some have one and no fresh run has.
    """
    both = list(zip(group.before, group.after, strict=True))
    gone = [
        (old, new)
        for old, new in both
        if new is not None and old.status == new.status == "ok" and read(new) is None
    ]
    if group.same_seeds:
        return sum(read(old) is not None for old, _ in gone)
    always = {_key(old): True for old, _ in both}
    ever, still = set(), set()
    for old, new in both:
        if old.status == "ok":
            always[_key(old)] &= read(old) is not None
            if read(old) is not None:
                ever.add(_key(old))
        if new is not None and new.status == "ok" and read(new) is not None:
            still.add(_key(old))
    return sum(always[_key(old)] or _key(old) in ever - still for old, _ in gone)


def _key(run: KeptRun) -> TargetKey:
    return (run.cell_type, run.target)


def gates_of(judged: Sequence[Judged], level: float) -> list[Gate]:
    """Judge all, sharing the chance of a false alarm among those that a band decides (Bonferroni).

    Examples
    --------
    >>> gates_of([], 0.01)
    []
    """
    banded = sum(one.rule == "band" for one in judged)
    return [one.gate(level / max(banded, 1)) for one in judged]


COUNTS: dict[str, Callable[[KeptRun], float]] = {
    "computed-evaluations": lambda run: run.computed_evaluations,
    "forward-evaluations": lambda run: run.forward_evaluations,
    "gradient-evaluations": lambda run: run.gradient_evaluations,
}


def judge_evaluations(group: Group, name: str, threshold: float | None) -> Gate | Judged | None:
    """Compare a count of evaluations.

    With the same seeds it is compared run by run: one run that needs more is a regression, unless
    the task tolerates a share of the total. With other seeds a method may need more by chance, so
    that the repetitions decide, as for a metric.

    Parameters
    ----------
    group
        The runs.
    name
        A key of `COUNTS`.
    threshold
        Share by which the total may grow; None where the task says nothing.

    Returns
    -------
    Gate, Judged or None
        None where no target has a result on both sides.
    """
    read = COUNTS[name]
    before, after = group.values(read)
    if not before:
        return None
    if group.same_seeds:
        pairs = [(read(old), read(new)) for old, new in group.pairs]
        return _exact(group, name, pairs, threshold)
    if threshold is not None:
        means = [(float(np.mean(before[key])), float(np.mean(after[key]))) for key in before]
        return _exact(group, name, means, threshold)
    return Judged(
        group=group,
        quantity=name,
        kind="evaluations",
        unit="cells",
        direction="lower",
        difference=difference(list(before.values()), list(after.values())),
        rule="band",
        detail=worst(before, after, "lower"),
    )


def _exact(
    group: Group, name: str, pairs: list[tuple[float, float]], threshold: float | None
) -> Gate:
    more = sum(new > old for old, new in pairs)
    fewer = sum(new < old for old, new in pairs)
    total_before = math.fsum(old for old, _ in pairs)
    total_after = math.fsum(new for _, new in pairs)
    share = total_after / total_before - 1 if total_before else (math.inf if total_after else 0.0)
    too_many = more > 0 if threshold is None else share > threshold
    # Runs that need more and runs that need fewer are no improvement, and never "the same".
    verdict: str = "same" if not more + fewer else "within" if more else "better"
    return Gate(
        method=group.method,
        L=group.L,
        kind="evaluations",
        quantity=name,
        unit="cells",
        before=total_before / max(len(pairs), 1),
        after=total_after / max(len(pairs), 1),
        worse=share,
        limit=threshold or 0.0,
        rule="exact" if threshold is None else "threshold",
        verdict="regression" if too_many else verdict,  # type: ignore[arg-type]
        detail=f"{more} of {len(pairs)} runs more, {fewer} fewer" if more + fewer else "",
    )


def judge_runs(group: Group) -> Gate:
    """Judge what became of the runs: one that had a result and has none now is a regression.

    A run that had none in the baseline either is the same, whatever the reason; one that is not
    there at all is a regression, for nobody knows what it would have given.

    Examples
    --------
    >>> judge_runs(Group("grids", 10, [], [], same_seeds=True, deterministic=True)).verdict
    'same'
    """
    pairs = list(zip(group.before, group.after, strict=True))
    lost = [(old, new) for old, new in pairs if _has_got_worse(old, new)]
    regained = sum(
        new is not None and new.status == "ok" and old.status != "ok" for old, new in pairs
    )
    return Gate(
        method=group.method,
        L=group.L,
        kind="runs",
        quantity="runs with a result",
        direction="higher",
        unit="runs",
        before=sum(run.status == "ok" for run in group.before),
        after=sum(run is not None and run.status == "ok" for run in group.after),
        worse=float(len(lost) or -regained),
        verdict=verdict_of(float(len(lost) or -regained), limit=0.0),
        detail=_detail(lost, len(pairs)),
    )


def _has_got_worse(old: KeptRun, new: KeptRun | None) -> bool:
    if new is None:
        return True
    # Skipped is what a method says of a problem that is not for it; failing there is news.
    fine = ("ok", "skipped") if old.status == "skipped" else ("ok",)
    return old.status in ("ok", "skipped") and new.status not in fine


def _detail(lost: list[tuple[KeptRun, KeptRun | None]], total: int) -> str:
    if not lost:
        return ""
    counts = Counter("missing" if new is None else new.status for _, new in lost)
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    reasons = [new.reason for _, new in lost if new is not None and new.reason]
    reason = f": {reasons[0]}" if reasons else ""
    old = lost[0][0]
    return f"{told} of {total}, such as {old.cell_type}:{old.target}{reason}"
