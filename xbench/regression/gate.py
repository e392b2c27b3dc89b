"""One number of one method, judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
        By how much it got worse, in the unit of `limit`; negative where it got better.
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
    """
    if abs(worse) <= floor:
        return "same"
    if abs(worse) <= limit:
        return "within"
    return "regression" if worse > 0 else "better"
