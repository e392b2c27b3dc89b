"""Which regressions make a comparison fail."""

from __future__ import annotations

from collections.abc import Iterable

from xbench.benchmark.thresholds import EVALUATIONS
from xbench.errors import XbenchError, unknown_name
from xbench.metrics import METRICS
from xbench.regression.gate import KINDS, Gate

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
