"""The command line. Nothing heavy is imported until a command needs it."""

from __future__ import annotations

import sys

from xbench.errors import XbenchError


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit.

    Exit codes: 0 done; 1 something ran and failed; 2 the input is wrong.
    """
    from xbench.cli.app import app

    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        # --debug may stand anywhere, so that it can be added to a command that just failed.
        app([argument for argument in given if argument != "--debug"])
    except XbenchError as error:
        if debug:
            raise
        print(f"xbench: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        if debug:
            raise
        print("xbench: interrupted; finished runs are kept", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if debug:
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        print(
            f"xbench: unexpected error ({reason}); this is a mistake in xbench: "
            "run again with --debug and report it",
            file=sys.stderr,
        )
        sys.exit(1)
