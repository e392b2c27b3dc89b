"""The real command line, as processes of its own; no test lives here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

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
def started(*arguments: object, output: object = subprocess.DEVNULL) -> Iterator[subprocess.Popen]:
    """Start a command; it is killed, with its workers, where a test leaves it running."""
    process = subprocess.Popen(
        [sys.executable, "-m", "xbench", *map(str, arguments)],
        stdout=output,  # type: ignore[arg-type]
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
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


def ended(*arguments: object, output: object = subprocess.DEVNULL) -> Ended:
    """Run a command to its end."""
    with started(*arguments, output=output) as process:
        return end_of(process)


def wait_for(path: Path, process: subprocess.Popen) -> None:
    """Wait until a file is there."""
    end = time.monotonic() + 300
    while not path.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end, f"no {path} after five minutes"
        time.sleep(0.01)
