"""What modules log, shown by ``--verbose``: on standard error, above a progress bar.

Modules log what helps to find out why something is slow or not as expected. What a person has to
know in any case is a warning or a line of the progress, and is shown without being asked for.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from xbench.cli.printing import print_line

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
