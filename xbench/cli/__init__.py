"""The command line. Nothing heavy is imported until a command needs it."""

import gc
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

from xbench.errors import XbenchError, XbenchWarning
from xbench.utils.text import shown

_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit.

    Exit codes: 0 done; 1 something ran and failed; 2 the input is wrong; 130 interrupted.
    """
    # Start-up makes objects and drops none: to look for garbage all along takes a tenth of it.
    gc.set_threshold(20_000)
    import typer

    from xbench.cli.app import app
    from xbench.cli.printing import RunsFailedError, replace_what_cannot_be_written

    replace_what_cannot_be_written()
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        # --debug and --verbose may stand anywhere, so that they can be added to a command that
        # just failed.
        rest = [argument for argument in given if argument != "--debug"]
        rest, logs = _logs_asked_for(rest)
        rest, plugins = _plugged_in(rest)
        with _warnings_in_one_line(), logs, plugins:
            code = app(rest or ["--help"], prog_name="xbench", standalone_mode=False)
            # Here a full disk can still be told; the interpreter's own flush comes after that.
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has read enough.
        code = 1
        _drop_output()
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except RunsFailedError as failed:
        code = 1
        for line in "\n".join(failed.tracebacks if debug else ()).splitlines():
            print(shown(line), file=sys.stderr)
        print(shown(failed), file=sys.stderr)
    except Exception as error:
        code, line = _explained(error)
        if debug:
            traceback.print_exception(error)
        print(f"xbench: {shown(line)}", file=sys.stderr)
        if isinstance(error, OSError):
            _drop_output()
    if code == _INTERRUPTED:
        print("xbench: interrupted; finished runs are kept", file=sys.stderr)
    sys.exit(code or 0)


def _drop_output() -> None:
    """Let what could not be printed go: the interpreter would try again, and end with 120."""
    try:
        sys.stdout.flush()
    except OSError:
        # Where the output is no file there is nothing to put in its place.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _logs_asked_for(given: list[str]) -> tuple[list[str], AbstractContextManager[None]]:
    """Return the arguments without ``--verbose``, and what shows the logs meanwhile."""
    if not any(argument in ("-v", "-vv", "--verbose") for argument in given):
        return given, nullcontext()
    # Imported here: who does not ask for logs does not wait for them.
    from xbench.cli.progress_bars import shown_logs, without_flags

    rest, verbosity = without_flags(given)
    return rest, shown_logs(verbosity)


def _plugged_in(given: list[str]) -> tuple[list[str], AbstractContextManager[object]]:
    """Return the arguments without ``--plugin FILE``, and what lets plug-ins be found meanwhile.

    Like ``--verbose``, it can be added to any command.
    """
    rest, plugins, left = [], [], iter(given)
    for argument in left:
        option, equals, value = argument.partition("=")
        if option != "--plugin":
            rest.append(argument)
        elif value := value if equals else next(left, ""):
            plugins.append(value)
        else:
            raise XbenchError("--plugin: names nothing; give a .py or .toml file, or a module")
    if not plugins:
        return given, nullcontext()
    from xbench.registry.plugins import using

    return rest, using(plugins)


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """Print an `XbenchWarning` as errors are printed; any other warning as ever."""
    with warnings.catch_warnings():
        as_ever = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if issubclass(category, XbenchWarning):
                print(f"xbench: warning: {shown(message)}", file=sys.stderr)
            else:
                as_ever(message, category, *rest, **more)

        warnings.showwarning = show
        warnings.simplefilter("always", XbenchWarning)
        yield


def _explained(error: Exception) -> tuple[int, str]:
    """Return the exit code of an error and one line about it."""
    # Imported here: a command that goes well does not wait for it.
    from xbench.utils.files import NO_SPACE

    if isinstance(error, XbenchError):
        return 2, str(error)
    if hasattr(error, "format_message"):
        # Of the parser: a missing argument, an unknown option or command, no number.
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "xbench"
        what = " ".join(error.format_message().split()).rstrip(".")
        return 2, f"{what}; see '{command} --help'"
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        # Of what the command prints, or of a temporary file: every other place has its own words.
        where = error.filename or "the output or a temporary file"
        return 2, f"{where}: cannot be written ({error.strerror}); free some space"
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    advice = "this is a mistake in xbench: run again with --debug and report it"
    return 1, f"unexpected error ({reason}); {advice}"
