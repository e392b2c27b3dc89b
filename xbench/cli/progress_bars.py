"""What a person sees while work goes on: bars, and with ``--verbose`` what modules log.

Modules log what helps to find out why something is slow or not as expected. What a person has to
know in any case is a warning or a line of the progress, and is shown without being asked for.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from xbench.cli.printing import print_line
from xbench.utils.progress import Progress
from xbench.utils.text import size_text


class ShownProgress(Progress):
    """A progress bar of the work that goes on, below lines that stay.

    Where the output is not a terminal there is no bar, but a line every tenth of the work.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            _Amount(),
            TimeElapsedColumn(),
            _Rest(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._tenths = 0

    def __enter__(self) -> "ShownProgress":
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def started(self, work: str, total: int, done: int = 0, unit: str = "") -> None:
        """Show a bar of it in the place of the last one."""
        if unit == "bytes":
            going_on = f", {size_text(done)} of it are here" if done else ""
            self.said(f"{work}: {size_text(total)} to get{going_on}")
        for one in self._bars.task_ids:
            self._bars.remove_task(one)
        self._bars.add_task(escape(work), total=max(1, total), completed=done, unit=unit)
        self._tenths = 10 * done // max(1, total)

    def advanced(self, work: str, done: int, note: str = "") -> None:
        """Move the bar, or print a line where there is none."""
        bar = self._bars.tasks[-1]
        described = f"{work}: {note}" if note else work
        self._bars.update(bar.id, completed=done, description=escape(described))
        tenths = int(10 * done // (bar.total or 1))
        if not self.console.is_terminal and tenths > self._tenths:
            self.said(f"{work}: {10 * tenths}%{note and f', {note}'}")
        self._tenths = tenths

    def said(self, line: str) -> None:
        """Print a line above the bar."""
        print_line(self.console, line)


class _Amount(ProgressColumn):
    """How much is done of how much: in bytes as people read them, or counted."""

    def __init__(self) -> None:
        super().__init__()
        self._bytes = DownloadColumn()

    def render(self, task: Task) -> Text:
        if task.fields["unit"] == "bytes":
            return self._bytes.render(task)
        return Text(f"{task.completed:.0f}/{task.total:.0f} {task.fields['unit']}")


class _Rest(ProgressColumn):
    """How fast a file comes and how long it still takes; of other work that is hard to say."""

    def __init__(self) -> None:
        super().__init__()
        self._speed, self._left = TransferSpeedColumn(), TimeRemainingColumn()

    def render(self, task: Task) -> Text:
        if task.fields["unit"] != "bytes":
            return Text()
        return Text.assemble(self._speed.render(task), " ", self._left.render(task))


# A letter more shows more: -v what is done, -vv also every file and every run handed out.
LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
FLAGS = {"-v": 1, "--verbose": 1, "-vv": 2}


def without_flags(arguments: list[str]) -> tuple[list[str], int]:
    """Return the arguments without the flags of this option, and how often it was given.

    Examples
    --------
    >>> without_flags(["run", "-v", "quick", "--verbose"])
    (['run', 'quick'], 2)
    """
    rest = [argument for argument in arguments if argument not in FLAGS]
    return rest, sum(FLAGS.get(argument, 0) for argument in arguments)


@contextmanager
def shown_logs(verbosity: int) -> Iterator[None]:
    """Show what the modules of xbench log while this lasts.

    Parameters
    ----------
    verbosity
        0 for nothing but warnings, 1 for what is done, 2 for all.
    """
    logger = logging.getLogger("xbench")
    level, handler = logger.level, _RichHandler()
    logger.setLevel(LEVELS[min(verbosity, len(LEVELS) - 1)])
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class _RichHandler(logging.Handler):
    """Prints a line a message: time, module, message.

    Not `rich.logging.RichHandler`: that one cuts lines where the window ends (at 80 letters in a
    file), and lets control characters of file names through.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s", "%H:%M:%S"))
        self.console = Console(file=_StandardError())  # type: ignore[arg-type]

    def emit(self, record: logging.LogRecord) -> None:
        """Print it; what cannot be printed ends nothing."""
        try:
            print_line(self.console, self.format(record))
        except Exception:
            self.handleError(record)


class _StandardError:
    """Standard error as it is at the moment: a progress bar puts its own in its place."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()
