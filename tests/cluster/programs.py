"""Real programs for the tests: a Dask scheduler, workers, `xbench`, as people start them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 240.0
# Every process that comes of these programs has it, whatever session it is in.
_MARK = "XBENCH_TEST_OF"


@dataclass
class Program:
    """A program that goes on, and what it prints.

    Parameters
    ----------
    process, log
        Both streams go into the log.
    """

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        """Return what it has printed until now."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def until(self, what: Callable[[], bool], *, ended: bool = False) -> None:
        """Wait until something is so; it must not end before, unless that is allowed."""
        end = time.monotonic() + PATIENCE
        while not what():
            assert ended or self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.05)

    def code(self) -> int:
        """Wait for its end, and return its exit code."""
        try:
            return self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(self.said()) from error


class Programs:
    """Starts programs in a folder; those that are left are ended by `close`.

    Parameters
    ----------
    folder
        Of this test alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[Program] = []

    def start(self, name: str, *words: str, **variables: str) -> Program:
        """Start a Python module, such as ``dask`` or ``xbench``, with some words."""
        log = self.folder / f"{name}.log"
        environment = {**os.environ, "OMP_NUM_THREADS": "1", _MARK: str(self.folder), **variables}
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=environment,
                cwd=self.folder,
                start_new_session=True,
                # A shell that starts the tests in the background lets them ignore Ctrl-C.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
            )
        self._started.append(Program(process, log))
        return self._started[-1]

    def scheduler(self, *options: str, name: str = "scheduler") -> tuple[Program, str]:
        """Start a scheduler on the loopback; return its address too."""
        file = self.folder / f"{name}.json"
        words = ["dask", "scheduler", "--host", "127.0.0.1", "--no-dashboard"]
        words += [] if "--port" in options else ["--port", "0"]
        program = self.start(name, *words, "--scheduler-file", str(file), *options)
        program.until(lambda: _address(file) is not None)
        return program, str(_address(file))

    def worker(self, address: str, *options: str, name: str = "worker") -> Program:
        """Start a worker of one thread, with a cache of its own."""
        words = ["dask", "worker", address, "--nthreads", "1", "--no-dashboard"]
        words += ["--local-directory", str(self.folder / f"{name}-local"), *options]
        return self.start(name, *words, XBENCH_CACHE=str(self.folder / f"{name}-cache"))

    def left(self) -> list[str]:
        """Return the command lines of what goes on of all that was started here."""
        mark, found = f"{_MARK}={self.folder}".encode(), []
        for process in Path("/proc").iterdir():
            if process.name.isdecimal():
                # It may end meanwhile.
                with contextlib.suppress(OSError):
                    if mark in (process / "environ").read_bytes().split(b"\0"):
                        found.append((process / "cmdline").read_bytes().decode(errors="replace"))
        return found

    def close(self) -> None:
        """End what was started here."""
        for one in reversed(self._started):
            if one.process.poll() is None:
                one.process.terminate()
        for one in self._started:
            try:
                one.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                one.process.kill()
                one.process.wait()


def _address(file: Path) -> str | None:
    """Return what a scheduler has written into its file, if it is there and whole."""
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError):
        return None


@contextlib.contextmanager
def programs_in(folder: Path) -> Iterator[Programs]:
    """Start programs in a folder, for as long as a ``with`` block lasts."""
    programs = Programs(folder)
    try:
        yield programs
    finally:
        programs.close()


def lines_of(store: Path) -> int:
    """Count the records of a store that may be written to."""
    journal = store / "runs.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0
