"""What a baseline keeps of one run: what came out and what was evaluated, but no seconds."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import ClassVar

from pydantic import ConfigDict

from xbench.results.record import Record, Status

# More digits than any comparison looks at (`xbench.regression.noise.FLOOR`), few enough to read.
SIGNIFICANT = 9


@dataclass(frozen=True, kw_only=True)
class KeptRun:
    """One run of a baseline; the fields are those of `xbench.results.record.Record`.

    Seconds are left out, so that a baseline saved again from unchanged code has the same lines.

    Examples
    --------
    >>> run = KeptRun(cell_type="8", target="3", method="random", L=1, repetition=0, seed=7,
    ...               status="ok", indices=[5], metrics={"log-odds-drop": 0.5})
    >>> run.slot
    ('random', 1, '8', '3', 0)
    """

    cell_type: str
    target: str
    method: str
    L: int
    repetition: int
    seed: int
    status: Status
    reason: str = ""
    indices: list[int] = field(default_factory=list)
    metrics: dict[str, float | None] = field(default_factory=dict)
    forward_evaluations: int = 0
    gradient_evaluations: int = 0
    computed_evaluations: int = 0

    # Read by pydantic when a line comes back from a file: no other field, no other type.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    @property
    def slot(self) -> tuple[str, int, str, str, int]:
        """Method, L, cell type, target, repetition: what a fresh run has to fill."""
        return (self.method, self.L, self.cell_type, self.target, self.repetition)

    @staticmethod
    def of(record: Record) -> KeptRun:
        """Return what is kept of a record."""
        return KeptRun(
            cell_type=record.cell_type,
            target=record.target,
            method=record.method,
            L=record.L,
            repetition=record.repetition,
            seed=record.seed,
            status=record.status,
            reason=record.reason,
            indices=record.indices,
            metrics={name: _rounded(value) for name, value in record.metrics.items()},
            forward_evaluations=record.forward_evaluations,
            gradient_evaluations=record.gradient_evaluations,
            computed_evaluations=record.computed_evaluations,
        )

    def to_json(self) -> str:
        """Return the run as one line of JSON, keys sorted."""
        fields = asdict(self)
        if not self.reason:
            del fields["reason"]
        return json.dumps(fields, sort_keys=True, allow_nan=False)


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{SIGNIFICANT}g}")
