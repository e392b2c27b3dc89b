"""What a person sees while files come."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from xbench.data.download.remote_file import size_text
from xbench.utils.progress import FetchWatcher


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
        self.console.print(escape(line), highlight=False, soft_wrap=True)
