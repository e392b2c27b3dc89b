"""The real command line, as processes of its own; no test lives here."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

# Three finished runs of the quick task take milliseconds once torch is there.
QUICK = ("run", "quick", "--methods", "random", "--seeds", "3")


class Ended(NamedTuple):
    """How a command ended, and what it said on the standard error."""

    code: int
    errors: str

    @property
    def lines(self) -> list[str]:
        """What is not progress but meant for somebody to act on."""
        assert "Traceback" not in self.errors
        return [line for line in self.errors.splitlines() if line.startswith("xbench: ")]


@contextmanager
def started(
    *arguments: object, output: object = subprocess.DEVNULL, largest_file: int | None = None
) -> Iterator[subprocess.Popen]:
    """Start a command; it is killed, with its workers, where a test leaves it running.

    No file that it writes may grow beyond `largest_file` bytes, where that is given.
    """

    def limit() -> None:
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    process = subprocess.Popen(
        [sys.executable, "-m", "xbench", *map(str, arguments)],
        stdout=output,  # type: ignore[arg-type]
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
        preexec_fn=limit,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def end_of(process: subprocess.Popen) -> Ended:
    """Wait for a command."""
    _, errors = process.communicate(timeout=300)
    return Ended(process.returncode, errors)


def ended(*arguments: object, **options: Any) -> Ended:
    """Run a command to its end; see `started`."""
    with started(*arguments, **options) as process:
        return end_of(process)


def wait_for(path: Path, process: subprocess.Popen) -> None:
    """Wait until a file is there."""
    end = time.monotonic() + 300
    while not path.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end, f"no {path} after five minutes"
        time.sleep(0.01)
