"""Records and snapshots made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xbench.regression.snapshot import Snapshot, snapshot
from xbench.results.record import Record

TARGETS = (("VIP", "GAD1"), ("SST", "GAD2"))
Value = Callable[[str, int], float]


def record(**changes: Any) -> Record:
    """A run that went well; ``metrics`` and the rest may be changed."""
    fields: dict[str, Any] = {
        "task": "ci",
        "task_version": 1,
        "dataset": "simulated",
        "dataset_digest": "da7a",
        "surrogate": "oracle",
        "surrogate_digest": "50",
        "cell_type": "VIP",
        "target": "GAD1",
        "method": "grids",
        "method_digest": "3e",
        "L": 2,
        "repetition": 0,
        "seed": 7,
        "status": "ok",
        "indices": [3, 1],
        "metrics": {"optimality": 0.9},
        "seconds": 1.0,
        "forward_evaluations": 100,
        "gradient_evaluations": 10,
        "computed_evaluations": 50,
        "created": "2025-01-31T12:00:00+00:00",
        **changes,
    }
    if fields["status"] != "ok":
        fields |= {"metrics": {}, "indices": [], "reason": fields.get("reason", "broken")}
    names = ("task", "dataset", "method", "L", "cell_type", "target", "repetition")
    place = [str(fields[name]) for name in names]
    return Record(run_id="-".join(place), **fields)


def records(
    values: Sequence[Sequence[float]] = ((0.9, 0.8, 0.85), (0.5, 0.6, 0.55)),
    *,
    metric: str = "optimality",
    first_seed: int = 0,
    noisy: bool = True,
    **changes: Any,
) -> list[Record]:
    """One record for each target and repetition, with these values of a metric."""
    return [
        record(
            cell_type=cell_type,
            target=target,
            repetition=number,
            seed=first_seed + number,
            indices=[number, 50] if noisy else [50, 51],
            metrics={metric: value},
            **changes,
        )
        for (cell_type, target), own in zip(TARGETS, values, strict=True)
        for number, value in enumerate(own)
    ]


def taken(*groups: Sequence[Record], reference: str | None = None) -> Snapshot:
    """The snapshot of all these records."""
    return snapshot([one for group in groups for one in group], reference)
