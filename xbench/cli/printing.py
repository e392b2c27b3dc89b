"""What a person sees in the terminal: lines in which no stranger's text steers it or ends a run."""

import contextlib
import io
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from xbench.utils.text import shown

if TYPE_CHECKING:
    from rich.console import Console

    from xbench.results.record import Record


def say(text: object, err: bool = False) -> None:
    r"""Print one line that may hold text from files, with its control characters taken out.

    Examples
    --------
    >>> say("cell types: a\x1b[31mb 20")
    cell types: a [31mb 20
    """
    # Not by typer, which writes UTF-8 to a terminal that says it is ASCII.
    print(shown(text), file=sys.stderr if err else sys.stdout)


def print_line(console: "Console", text: object) -> None:
    """Print such a line by rich: as it is, not as markup, and not cut where the window ends."""
    # Imported here: most lines are printed without it.
    from rich.markup import escape

    console.print(escape(shown(text)), highlight=False, soft_wrap=True)


def replace_what_cannot_be_written() -> None:
    """Make standard output and error write ``?`` for signs that their encoding does not have.

    A terminal or file in ASCII or Latin-1 would otherwise end a run at the first Δ that is printed.

    Examples
    --------
    >>> replace_what_cannot_be_written()
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A stream that was closed, or that somebody put there, stays as it is.
            with contextlib.suppress(ValueError, OSError):
                stream.reconfigure(errors="replace")


class RunsFailedError(Exception):
    """Some runs failed: the command ends with exit code 1, having done all that it could.

    Parameters
    ----------
    said
        One line that says where to look.
    tracebacks
        Of the runs, as their records hold them; ``--debug`` prints them.
    """

    def __init__(self, said: str, tracebacks: Sequence[str]) -> None:
        super().__init__(said)
        self.tracebacks = tracebacks


def end_where_failed(records: "Iterable[Record]", store: object) -> None:
    """End a command whose runs have failed, by saying so.

    Parameters
    ----------
    records
        Of the runs that were asked for.
    store
        Where they are kept.

    Raises
    ------
    RunsFailedError
        Where one of them failed.

    Examples
    --------
    >>> end_where_failed([], "results")
    """
    # Imported here: most commands run nothing.
    from xbench.results.record import FAILED

    failed = [record for record in records if record.status in FAILED]
    if failed:
        show = f"xbench runs show {failed[0].run_id} --store {store}"
        which = "a run" if len(failed) == 1 else f"{len(failed)} runs"
        raise RunsFailedError(
            f"{which} failed; '{show}' or --debug shows why",
            [
                f"{one.method} {one.cell_type}:{one.target}: {one.traceback}"
                for one in failed
                if one.traceback
            ],
        )
