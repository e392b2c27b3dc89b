"""What is to be run, with which data, surrogate and device, and how it is told that runs go on."""

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from xbench.benchmark.plan import WorkUnit
from xbench.data.dataset import Dataset
from xbench.data.load import DataChoice
from xbench.errors import XbenchWarning
from xbench.results.leases import Claims
from xbench.results.record import FAILED, Record
from xbench.results.store import ResultStore
from xbench.surrogates.checkpoint import OpenedSurrogate
from xbench.surrogates.own_model import ModelChoice
from xbench.utils.progress import SILENT, Progress


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
    window
        Base pairs round the gene's start that features are chosen in.
    known
        Files of known links to compare with, see `Task.known`; none is as the task says.
    surrogate, surrogate_seed
        Name of another architecture than the task's; the seed that it is trained from.
    checkpoint
        A surrogate to explain instead of the one trained on the dataset.
    model
        A model of one's own to explain instead of a surrogate.
    judge
        Whether a second surrogate judges every selection, as `Task.judge` has it.
    jobs, device
        Processes (all cores where None); ``"cpu"`` or ``"cuda"``.
    again
        Whether runs that are finished in the store are run again too.
    profile
        Whether to keep where the seconds of each run go, see `xbench.benchmark.phases`.
    fresh_process
        Whether nothing has been computed yet in the process that asks: workers are then forked
        from it, instead of from a Python of their own that has to start first.
    progress
        Told how training and runs go.
    elsewhere
        Where runs and training are carried out; in processes of this machine where None.
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
    window: int | None = None
    known: Sequence[str] = ()
    surrogate: str | None = None
    surrogate_seed: int = 0
    checkpoint: Path | None = None
    model: ModelChoice | None = None
    judge: bool = False
    jobs: int | None = None
    device: str = "cpu"
    again: bool = False
    profile: bool = False
    fresh_process: bool = False
    progress: Progress = SILENT
    elsewhere: "Elsewhere | None" = None


class RunsTold:
    """Tells a `Progress` of runs: how many are done, which go on, which failed and why.

    Parameters
    ----------
    progress
        Who is told.
    to_do, finished
        Runs that are to be carried out; those that are in the store already.
    """

    def __init__(self, progress: Progress, to_do: int, finished: int) -> None:
        self._progress = progress
        self._running: list[str] = []
        self._done = self._failed = 0
        self._places: int | None = None
        self._to_do = to_do
        # When the first runs ended, and how many they were: workers take a while to start.
        self._first: tuple[float, int] | None = None
        kept = f", {finished} finished before" if finished else ""
        progress.said(f"{to_do} runs to do{kept}")
        progress.started(_RUNS, to_do, unit="runs")

    def started(self, unit: WorkUnit) -> None:
        """Tell that a unit was handed to a process."""
        # A unit is handed out again where another one broke the pool it was in.
        if _name(unit) not in self._running:
            self._running.append(_name(unit))
        self._tell()

    def ended(self, unit: WorkUnit, records: Sequence[Record]) -> None:
        """Tell that a unit came back and is stored, and which of its runs failed."""
        self._running.remove(_name(unit))
        self._done += len(records)
        if self._first is None:
            self._first = time.monotonic(), self._done
        for record in records:
            if record.status in FAILED:
                self._failed += 1
                line = f"{record.status}: {_name(unit)} L={record.L}: {record.reason}"
                self._progress.said(line)
        self._tell()

    def at_work(self, workers: int) -> None:
        """Tell how many workers of a cluster there are at the moment."""
        if workers != self._places:
            self._places = workers
            self._tell()

    def _tell(self) -> None:
        note = ", ".join([*self._of_workers(), *self._running[:2]])
        if self._failed:
            note += f" ({self._failed} failed)"
        self._progress.advanced(_RUNS, self._done, note.strip())

    def _of_workers(self) -> list[str]:
        """Say of a cluster how many work, how fast, and how long it still takes."""
        if self._places is None:
            return []
        count = f"{self._places} worker{'s' * (self._places > 1)}"
        words = [count if self._places else "waiting for workers"]
        if self._first is not None and self._done > self._first[1]:
            minutes = (time.monotonic() - self._first[0]) / 60
            a_minute = (self._done - self._first[1]) / minutes
            left = (self._to_do - self._done) / a_minute
            words += [f"{a_minute:.3g} runs a minute", f"{left:.2g} min left"]
        return words


_RUNS = "runs"


def _name(unit: WorkUnit) -> str:
    key = unit.keys[0]
    return f"{key.method} {key.cell_type}:{key.target} #{key.repetition}"


@dataclass(frozen=True)
class RunContext:
    """Everything a worker process needs to find data and surrogate by itself.

    Parameters
    ----------
    data, checkpoint, device
        What is read, and where it is computed. Paths are absolute: a method may change folders.
    store
        Folder of the results.
    judge
        Where a second surrogate is opened from, which judges the selections; None where none does.
    since
        Bytes of the store's lines that do not count as finished, where runs are made again.
    names
        Of data and surrogate, with their digests, as records have them.
    profile
        Whether to keep where the seconds of each run go.
    methods
        Names of the methods that are run; None where that is not known.
    """

    data: DataChoice
    checkpoint: Path | ModelChoice
    store: Path
    device: str
    names: "StudyNames"
    since: int = 0
    judge: Path | ModelChoice | None = None
    profile: bool = False
    methods: frozenset[str] | None = None


@dataclass(frozen=True)
class StudyNames:
    """What a start's records say of its data and surrogate."""

    dataset: str
    dataset_digest: str
    surrogate: str
    surrogate_digest: str
    n_features: int
    surrogate_fit: dict[str, float] = field(default_factory=dict)
    judge_fit: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Study:
    """The data and the surrogate that runs are about, and where their records go.

    The judge, where there is one, is another surrogate that the selections are masked in too;
    `read_seconds` is what it took to read all of them.
    """

    context: RunContext
    dataset: Dataset
    surrogate: OpenedSurrogate
    judge: OpenedSurrogate | None = None
    read_seconds: float = 0.0


class Elsewhere(Protocol):
    """A place that carries out what would else be done by processes of this machine."""

    def check_request(self, device: str, jobs: int | None) -> None:
        """Raise `XbenchError` where the place has no such device."""

    def train(self, dataset: Dataset, name: str | None, **options: Any) -> None:
        """Train a surrogate there where it is not in this machine's cache yet, into that.

        The options are those of `xbench.surrogates.obtain.train_surrogate`.
        """

    def analyse(
        self,
        store: ResultStore,
        names: Sequence[str],
        dataset: Dataset,
        models: tuple[Path | ModelChoice, Path | ModelChoice | None],
        records: Sequence[Record],
    ) -> None:
        """Analyse runs there, and keep what is found in the store.

        The models are where the runs' surrogate and a second one are opened from.
        """

    def carry_out(
        self,
        context: RunContext,
        dataset: Dataset,
        units: Sequence[WorkUnit],
        told: RunsTold,
        claims: Claims,
    ) -> Iterator[tuple[WorkUnit, list[Record]]]:
        """Yield each unit with its records, stored by this process, as they come."""


def read_quietly(choice: DataChoice) -> Dataset:
    """Read data; the process that planned the runs says what there is to say about them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XbenchWarning)
        return choice.load()
