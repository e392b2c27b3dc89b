"""The results of one task at one time: a baseline, or the fresh run compared with it.

A baseline keeps of a run what came out and what was evaluated, but no seconds. The runs of one
method at one L, of the baseline and of now, are matched here.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import ClassVar

from pydantic import ConfigDict

from xbench.errors import XbenchError
from xbench.regression.noise import Speed, speeds
from xbench.results.record import Record, Status
from xbench.utils.json import json_line


@dataclass(frozen=True, kw_only=True)
class BaselineHeader:
    """What all runs of a snapshot share.

    Parameters
    ----------
    task, task_version, dataset, dataset_digest, surrogate, surrogate_digest, device
        As in `xbench.results.record.Record`.
    metrics
        Names, sorted; empty where no run was ok.
    reference_method
        The method that seconds are relative to; None where they are not compared.
    created, git_commit, machine, versions
        Of the newest run: where a snapshot comes from. Nothing is compared with these.
    """

    task: str
    task_version: int
    dataset: str
    dataset_digest: str
    surrogate: str
    surrogate_digest: str
    device: str = "cpu"
    metrics: list[str] = field(default_factory=list)
    reference_method: str | None = None
    created: str = ""
    git_commit: str | None = None
    machine: str = ""
    versions: dict[str, str] = field(default_factory=dict)

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Header, runs (one a slot) and speeds."""

    header: BaselineHeader
    runs: "list[KeptRun]"
    speeds: list[Speed] = field(default_factory=list)

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    @cached_property
    def by_slot(self) -> "dict[tuple[str, int, str, str, int], KeptRun]":
        """Runs by `KeptRun.slot`."""
        return {run.slot: run for run in self.runs}

    @property
    def repetitions(self) -> list[int]:
        """Numbers of the repetitions, sorted."""
        return sorted({run.repetition for run in self.runs})


def snapshot(records: Sequence[Record], reference_method: str | None = None) -> Snapshot:
    """Take the snapshot of the records of one task, dataset and surrogate.

    Parameters
    ----------
    records
        One for each (method, L, target, repetition), as `xbench.regression.file` chooses them.
    reference_method
        The method that seconds are relative to.

    Raises
    ------
    XbenchError
        Where there is no record.

    Examples
    --------
    >>> snapshot([])
    Traceback (most recent call last):
    xbench.errors.XbenchError: no runs to take a snapshot of; run the task first
    """
    if not records:
        raise XbenchError("no runs to take a snapshot of; run the task first")
    newest = max(records, key=lambda record: (record.created, record.run_id))
    header = BaselineHeader(
        task=newest.task,
        task_version=newest.task_version,
        dataset=newest.dataset,
        dataset_digest=_digests(record.dataset_digest for record in records),
        surrogate=newest.surrogate,
        surrogate_digest=_digests(record.surrogate_digest for record in records),
        device=newest.device,
        metrics=sorted({name for record in records for name in record.metrics}),
        reference_method=reference_method,
        created=newest.created,
        git_commit=newest.git_commit,
        machine=newest.machine,
        versions=newest.versions,
    )
    return Snapshot(
        header=header,
        runs=sorted((KeptRun.of(record) for record in records), key=lambda run: run.slot),
        speeds=[] if reference_method is None else speeds(records, reference_method),
    )


def _digests(digests: Iterable[str]) -> str:
    """Return the one digest there is; several where repetitions have surrogates of their own."""
    return ",".join(sorted({digest for digest in digests if digest}))


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
    def of(record: Record) -> "KeptRun":
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
        return json_line(fields)


def _rounded(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{SIGNIFICANT}g}")


TargetKey = tuple[str, str]
Read = Callable[[KeptRun], float | None]


@dataclass(frozen=True)
class Group:
    """Runs of a method at one L.

    Parameters
    ----------
    method, L
        Which.
    before
        Of the baseline, those that gave a result and those that gave none.
    after
        The fresh runs that were asked for, by the slot of the baseline or None where missing.
    same_seeds
        Whether each fresh run has the seed of the run it is matched with.
    deterministic
        Whether the method chose the same features in all repetitions of the baseline, at every L
        and target.

    Examples
    --------
    >>> Group("grids", 10, [], [], same_seeds=True, deterministic=False).targets
    []
    """

    method: str
    L: int
    before: Sequence[KeptRun]
    after: Sequence[KeptRun | None]
    same_seeds: bool
    deterministic: bool

    @property
    def targets(self) -> list[TargetKey]:
        """Targets that have a result on both sides, sorted."""
        return sorted(
            {_target(run) for run in self.before if run.status == "ok"}
            & {_target(run) for run in self.after if run is not None and run.status == "ok"}
        )

    @property
    def pairs(self) -> list[tuple[KeptRun, KeptRun]]:
        """Runs with a result on both sides, matched; only where the seeds are the same."""
        if not self.same_seeds:
            return []
        both = zip(self.before, self.after, strict=True)
        return [
            (old, new) for old, new in both if new is not None and old.status == new.status == "ok"
        ]

    def values(
        self, read: Read
    ) -> tuple[dict[TargetKey, list[float]], dict[TargetKey, list[float]]]:
        """Return the values of both sides, by target, where both have one."""
        before = _by_target(self.before, read)
        after = _by_target([run for run in self.after if run is not None], read)
        shared = sorted(set(before) & set(after))
        return {key: before[key] for key in shared}, {key: after[key] for key in shared}

    def values_before(self, read: Read) -> dict[TargetKey, list[float]]:
        """Return the values of the baseline alone, by target."""
        return _by_target(self.before, read)


def groups(baseline: Snapshot, fresh: Snapshot, repetitions: Sequence[int]) -> list[Group]:
    """Match the runs of a baseline with fresh ones.

    Parameters
    ----------
    baseline, fresh
        What is compared.
    repetitions
        Numbers of the fresh repetitions, as many as the baseline's: its own, or others, whose
        seeds are other ones.
    """
    stand_for = dict(zip(baseline.repetitions, repetitions, strict=True))
    matched: dict[tuple[str, int], list[tuple[KeptRun, KeptRun | None]]] = {}
    for run in baseline.runs:
        slot = (*run.slot[:-1], stand_for[run.repetition])
        matched.setdefault((run.method, run.L), []).append((run, fresh.by_slot.get(slot)))
    return [
        Group(
            method,
            size,
            [old for old, _ in pairs],
            [new for _, new in pairs],
            same_seeds=all(new is None or old.seed == new.seed for old, new in pairs),
            deterministic=is_deterministic(baseline, method),
        )
        for (method, size), pairs in sorted(matched.items())
    ]


def is_deterministic(baseline: Snapshot, method: str) -> bool:
    """Whether a method chose the same features in every repetition, at every L and target.

    Not judged for each L or target alone: a method that depends on its seed may well give the
    same features five times over at one of them.
    """
    chosen: dict[tuple[int, TargetKey], list[tuple[int, ...]]] = {}
    for run in baseline.runs:
        if run.method == method and run.status == "ok":
            chosen.setdefault((run.L, _target(run)), []).append(tuple(sorted(run.indices)))
    return bool(chosen) and all(len(all_) > 1 and len(set(all_)) == 1 for all_ in chosen.values())


def _target(run: KeptRun) -> TargetKey:
    return (run.cell_type, run.target)


def _by_target(runs: Sequence[KeptRun], read: Read) -> dict[TargetKey, list[float]]:
    found: dict[TargetKey, list[float]] = {}
    for run in runs:
        if run.status == "ok" and (value := read(run)) is not None:
            found.setdefault(_target(run), []).append(value)
    return found
