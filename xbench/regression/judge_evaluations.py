"""Judging evaluations of the surrogate: counts are exact, and equal on every machine."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from xbench.regression.gate import Gate
from xbench.regression.group import Group
from xbench.regression.judge import Judged, worst
from xbench.regression.kept_run import KeptRun
from xbench.regression.noise import difference

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
