"""What a start of runs is asked, and who is told how it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xbench.benchmark.plan import WorkUnit
from xbench.data.load import DataChoice
from xbench.results.record import Record
from xbench.utils.progress import Progress, silent


class Watcher:
    """Told what a start of runs does; this one keeps quiet."""

    training: Progress = staticmethod(silent)

    def planned(self, runs: int, finished: int) -> None:
        """`runs` are to do; `finished` are in the store already."""

    def started(self, unit: WorkUnit) -> None:
        """A unit was handed to a process."""

    def ended(self, unit: WorkUnit, records: Sequence[Record]) -> None:
        """A unit came back and is stored."""


@dataclass(frozen=True)
class Request:
    """What is to be run; None means as the task says.

    Parameters
    ----------
    task
        Name or path of a TOML file.
    data
        Dataset other than the task's; see `DataChoice`.
    methods, method_files
        Names or labels; files outside of xbench that define methods. With files alone, only
        those run.
    targets
        ``"CELL_TYPE:OUTPUT"`` each.
    subset_sizes, repetitions
        L; how often.
    budget_seconds, budget_evaluations
        Instead of the task's, see `xbench.benchmark.task.Task`.
    surrogate, surrogate_seed
        Name of another architecture than the task's; the seed that it is trained from.
    checkpoint
        A surrogate to explain instead of the one trained on the dataset.
    jobs, device
        Processes (all cores where None); ``"cpu"`` or ``"cuda"``.
    again
        Whether runs that are finished in the store are run again too.
    fresh_process
        Whether nothing has been computed yet in the process that asks: workers are then forked
        from it, instead of from a Python of their own that has to start first.
    """

    task: str
    data: DataChoice = field(default_factory=DataChoice)
    methods: Sequence[str] | None = None
    method_files: Sequence[str] = ()
    targets: Sequence[str] | None = None
    subset_sizes: Sequence[int] | None = None
    repetitions: int | None = None
    budget_seconds: float | None = None
    budget_evaluations: int | None = None
    surrogate: str | None = None
    surrogate_seed: int = 0
    checkpoint: Path | None = None
    jobs: int | None = None
    device: str = "cpu"
    again: bool = False
    fresh_process: bool = False
    watcher: Watcher = field(default_factory=Watcher)
