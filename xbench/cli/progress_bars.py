"""What a person sees while runs go on.

What a person sees while files come.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from xbench.benchmark.plan import WorkUnit
from xbench.benchmark.request import Watcher
from xbench.cli.printing import print_line
from xbench.data.download.remote_file import size_text
from xbench.results.record import FAILED, Record
from xbench.utils.progress import FetchWatcher


class TrainingBar:
    """A progress bar of one stage of training after the other."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, int] = {}

    def __call__(self, stage: str, step: int, steps: int, validation: float) -> None:
        """Show one look at the validation loss."""
        if stage not in self._bars:
            self._bars[stage] = self._progress.add_task("", total=steps)
        text = f"training: {stage}, step {step}, validation loss {validation:.4g}"
        self._progress.update(self._bars[stage], description=text, completed=step)  # type: ignore[arg-type]
        if not self._progress.console.is_terminal and step % 500 == 0:
            self._progress.console.print(text, highlight=False)


class ShownRuns(Watcher):
    """A progress bar: how many runs are left, what is running, what failed.

    Where the output is no terminal, a line every tenth of the runs and one for each failure.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.statuses: dict[str, int] = {}
        self._running: list[str] = []
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._bar = -1
        self._total = self._done = 0
        self.training = TrainingBar(self._progress)

    def __enter__(self) -> ShownRuns:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def planned(self, runs: int, finished: int) -> None:
        """Say what is to do."""
        self._total = runs
        kept = f", {finished} finished before" if finished else ""
        self.console.print(f"{runs} runs to do{kept}", highlight=False)
        self._bar = self._progress.add_task("", total=runs)

    def started(self, unit: WorkUnit) -> None:
        """Show the unit among those running."""
        # A unit is handed out again where another one broke the pool it was in.
        if _name(unit) not in self._running:
            self._running.append(_name(unit))
        self._describe()

    def ended(self, unit: WorkUnit, records: Sequence[Record]) -> None:
        """Count the unit's runs, and print those that failed."""
        self._running.remove(_name(unit))
        for record in records:
            self.statuses[record.status] = self.statuses.get(record.status, 0) + 1
            if record.status in FAILED:
                line = f"{record.status}: {_name(unit)} L={record.L}: {record.reason}"
                print_line(self.console, line)
        before, self._done = self._done, self._done + len(records)
        tenths = 10 * self._done // max(1, self._total)
        if not self.console.is_terminal and tenths > 10 * before // max(1, self._total):
            self.console.print(f"{self._done} of {self._total} runs done", highlight=False)
        self._progress.advance(self._bar, len(records))  # type: ignore[arg-type]
        self._describe()

    @property
    def failures(self) -> int:
        """Runs that failed so far."""
        return sum(self.statuses.get(status, 0) for status in FAILED)

    def _describe(self) -> None:
        text = f"running {', '.join(self._running[:2])}" if self._running else "running"
        if self.failures:
            text += f" ({self.failures} failed)"
        self._progress.update(self._bar, description=escape(text))  # type: ignore[arg-type]


def _name(unit: WorkUnit) -> str:
    key = unit.keys[0]
    return f"{key.method} {key.cell_type}:{key.target} #{key.repetition}"


class DownloadBar(FetchWatcher):
    """A progress bar a file; where the output is no terminal, a line every tenth of it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._bar = -1
        self._name, self._size, self._tenths = "", 1, 0

    def __enter__(self) -> DownloadBar:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def started(self, name: str, size: int, received: int) -> None:
        """Show a new file."""
        self._name, self._size, self._tenths = name, max(1, size), 10 * received // max(1, size)
        going_on = f", {size_text(received)} of it are here" if received else ""
        self.said(f"{name}: {size_text(size)} to get{going_on}")
        self._bar = self._progress.add_task(escape(name), total=size, completed=received)

    def received(self, received: int) -> None:
        """Show how much of it is here."""
        self._progress.update(self._bar, completed=received)  # type: ignore[arg-type]
        tenths = 10 * received // self._size
        if not self.console.is_terminal and tenths > self._tenths:
            self.said(f"{self._name}: {10 * tenths}%")
        self._tenths = tenths

    def said(self, line: str) -> None:
        """Print a line above the bar."""
        print_line(self.console, line)
