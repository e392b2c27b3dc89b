"""Records and tasks made by hand, for the tests of the leaderboard."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from xbench.leaderboard import Study, StudyRuns
from xbench.results.findings import Finding
from xbench.results.record import Record

VERSIONS = {"xbench": "0.1.0", "python": "3.11.9", "torch": "2.13.0", "numpy": "2.4.6"}


@dataclass(frozen=True)
class ToyTarget:
    cell_type: str
    outputs: Sequence[str]


@dataclass(frozen=True)
class ToyTask:
    """What `TaskLike` asks for, and no more."""

    title: str = "Toy"
    description: str = "Two cell types, three genes."
    metrics: Sequence[str] = ("avg-delta", "rel-delta")
    primary_metric: str = "rel-delta"
    layout: str = "table1"
    subset_sizes: Sequence[int] = (10,)
    method_labels: Sequence[str] = ("random", "grids")
    targets: Sequence[ToyTarget] = field(
        default=(ToyTarget("VIP", ("GAD1", "GAD2")), ToyTarget("Oligo", ("MOG",)))
    )


def build_record(
    target: str = "VIP/GAD1",
    method: str = "grids",
    rel: float | None = -10.0,
    *,
    L: int = 10,
    repetition: int = 0,
    status: str = "ok",
    reason: str = "",
    **changes: Any,
) -> Record:
    """Return the record of one run; Avg. delta is ten times Rel. delta."""
    cell_type, output = target.split("/")
    ok = status == "ok"
    fields: dict[str, Any] = {
        "task": "toy",
        "task_version": 1,
        "dataset": "cortex",
        "dataset_digest": "d1",
        "surrogate": "cross-modality",
        "surrogate_digest": "s1",
        "cell_type": cell_type,
        "target": output,
        "method": method,
        "parameters": {},
        "method_version": 1,
        "method_digest": f"{method}-1",
        "L": L,
        "repetition": repetition,
        "seed": 7,
        "status": status,
        "reason": reason,
        "traceback": None,
        "indices": list(range(L)) if ok else [],
        "ordered": True,
        "nested": True,
        "metrics": {"avg-delta": None if rel is None else 10 * rel, "rel-delta": rel} if ok else {},
        "seconds": 0.5,
        "forward_evaluations": 1024,
        "gradient_evaluations": 64,
        "computed_evaluations": 512,
        "peak_memory_bytes": 3 * 2**20,
        "trace": [],
        "versions": dict(VERSIONS),
        "git_commit": "0123456789abcdef0123456789abcdef01234567",
        "created": "2026-01-31T12:00:00+00:00",
    }
    fields.update(changes)
    slot = [fields[name] for name in ("task", "dataset", "cell_type", "target", "method")]
    names = ("dataset_digest", "surrogate_digest", "method_version", "parameters", "task_version")
    budget = fields.get("budget", "")
    identity = repr([*slot, *(fields[name] for name in names), L, repetition, budget])
    return Record(**{"run_id": hashlib.sha256(identity.encode()).hexdigest()[:16], **fields})


RecordMaker = Callable[..., Record]


@pytest.fixture
def make_record() -> RecordMaker:
    return build_record


def runs_of(records: Sequence[Record], findings: Sequence[Finding] = ()) -> StudyRuns:
    """Return runs of one study without its tidy rows: what figures but the overview read."""
    place = records[0].study if records else ("toy", "cortex", "cross-modality")
    return StudyRuns(Study(place, {}, None), tuple(records), tuple(findings))


@pytest.fixture
def make_runs() -> Callable[..., StudyRuns]:
    return runs_of


@pytest.fixture
def make_task() -> type[ToyTask]:
    return ToyTask


@pytest.fixture
def make_target() -> type[ToyTarget]:
    return ToyTarget
