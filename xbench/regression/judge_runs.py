"""Judging runs: every run of the baseline has to be there again, and to give a result."""

from __future__ import annotations

from collections import Counter

from xbench.regression.gate import Gate, verdict_of
from xbench.regression.group import Group
from xbench.regression.kept_run import KeptRun


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
