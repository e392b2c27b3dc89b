"""One number of one method, judged, and which regressions make a comparison fail."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from xbench.benchmark.thresholds import EVALUATIONS
from xbench.errors import XbenchError, unknown_name
from xbench.metrics import METRICS

Kind = Literal["runs", "metrics", "evaluations", "seconds"]
KINDS: tuple[Kind, ...] = ("runs", "metrics", "evaluations", "seconds")
Verdict = Literal["regression", "better", "within", "same"]
VERDICTS: tuple[Verdict, ...] = ("regression", "better", "within", "same")
Rule = Literal["exact", "band", "threshold", "factor"]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A quantity of a method at one L: before, after, and what that means.

    Parameters
    ----------
    method, L
        What is judged.
    kind
        ``"runs"`` (is every run there, and ok?), ``"metrics"``, ``"evaluations"``, ``"seconds"``.
    quantity, unit, direction
        Name, unit, and which values are better.
    before, after
        Of the baseline and of the fresh run; None where there is no value.
    worse
        By how much it got worse, in the unit of `limit`; negative where it got better, NaN where
        there is no value any more.
    limit
        By how much it may get worse.
    rule
        Where the limit comes from: ``"exact"`` (nothing may change), the ``"band"`` of the
        repetitions, a ``"threshold"`` of the task, or the ``"factor"`` for seconds.
    chance
        Of being as much worse where nothing changed; None where nothing is random.
    verdict
        ``"regression"``, ``"better"``, ``"within"`` the limit, or the ``"same"``.
    detail
        What else a reader wants to know.

    Examples
    --------
    >>> gate = Gate(method="grids", L=10, kind="metrics", quantity="optimality", verdict="same")
    >>> gate.name
    'grids, L = 10: optimality'
    """

    method: str
    L: int
    kind: Kind
    quantity: str
    verdict: Verdict
    unit: str = "1"
    direction: str = "lower"
    before: float | None = None
    after: float | None = None
    worse: float = 0.0
    limit: float = 0.0
    rule: Rule = "exact"
    chance: float | None = None
    detail: str = ""

    @property
    def name(self) -> str:
        """Method, L and quantity in one line."""
        return f"{self.method}, L = {self.L}: {self.quantity}"


def verdict_of(worse: float, limit: float, floor: float = 0.0) -> Verdict:
    """Judge a change: the same up to `floor`, within up to `limit`.

    Examples
    --------
    >>> [verdict_of(worse, limit=1.0, floor=0.1) for worse in (0.05, 0.5, 2.0, -2.0)]
    ['same', 'within', 'regression', 'better']
    >>> verdict_of(float("nan"), limit=1.0)
    'regression'
    """
    if math.isnan(worse):
        # What cannot be compared has not passed.
        return "regression"
    if abs(worse) <= floor:
        return "same"
    if abs(worse) <= limit:
        return "within"
    return "regression" if worse > 0 else "better"


NOTHING = "nothing"


def parse_fail_on(text: str | None) -> frozenset[str]:
    """Read ``--fail-on``: kinds of gates and names of quantities, by comma; all kinds where None.

    Raises
    ------
    XbenchError
        For a name that is neither, naming the valid ones, or none at all.

    Examples
    --------
    >>> sorted(parse_fail_on("optimality, seconds")), sorted(parse_fail_on("nothing"))
    (['optimality', 'seconds'], [])
    """
    if text is None:
        return frozenset(KINDS)
    names = [part.strip() for part in text.split(",") if part.strip()]
    if not names:
        raise XbenchError(f"--fail-on {text!r}: names nothing; write '{NOTHING}' to mean that")
    metrics = [name for name, metric in METRICS.items() if metric.direction != "none"]
    for name in names:
        if name not in (*KINDS, *EVALUATIONS, *metrics, NOTHING):
            valid = [*KINDS, *EVALUATIONS, *metrics, NOTHING]
            raise unknown_name("gate", name, valid, "--fail-on")
    if NOTHING in names and len(names) > 1:
        raise XbenchError(f"--fail-on {text!r}: '{NOTHING}' stands alone; leave out the others")
    return frozenset(names) - {NOTHING}


def failing(gates: Iterable[Gate], fail_on: frozenset[str]) -> list[Gate]:
    """Return the regressions that count.

    Examples
    --------
    >>> gate = Gate(method="a", L=1, kind="seconds", quantity="seconds", verdict="regression")
    >>> len(failing([gate], frozenset(["seconds"]))), len(failing([gate], frozenset(["metrics"])))
    (1, 0)
    """
    return [
        gate
        for gate in gates
        if gate.verdict == "regression" and (gate.kind in fail_on or gate.quantity in fail_on)
    ]
