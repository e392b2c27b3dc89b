"""The results of one task at one time: a baseline, or the fresh run compared with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from pydantic import ConfigDict

from xbench.errors import XbenchError
from xbench.regression.kept_run import KeptRun
from xbench.regression.speed import Speed, speeds
from xbench.results.record import Record


@dataclass(frozen=True, kw_only=True)
class Header:
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

    header: Header
    runs: list[KeptRun]
    speeds: list[Speed] = field(default_factory=list)

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    @cached_property
    def by_slot(self) -> dict[tuple[str, int, str, str, int], KeptRun]:
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
        One for each (method, L, target, repetition), as `xbench.regression.chosen` chooses them.
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
    header = Header(
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
