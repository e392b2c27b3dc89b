"""Run a command and measure it from outside: seconds, and the memory of all of its processes."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

EVERY_SECONDS = 0.2
_PROC = Path("/proc")


@dataclass
class Watched:
    """What a command took.

    Parameters
    ----------
    seconds
        From its start to its end, by the wall.
    processor
        Seconds of processors that it and all it waited for took: on a busy machine the wall says
        more of the others.
    started_after, started_processor
        Both until a line with the words that were waited for; None where none came.
    resident, proportional, own
        Peaks of memory summed over processes, in bytes: RSS, which counts what is shared once a
        process; PSS, which shares it out; and what no other process or file has.
    output
        Its lines.
    status
        Exit code.
    """

    seconds: float = 0.0
    processor: float = 0.0
    started_after: float | None = None
    started_processor: float | None = None
    resident: int = 0
    proportional: int = 0
    own: int = 0
    output: list[str] = field(default_factory=list)
    status: int = 0


def watched(command: list[str], wait_for: str = "", **variables: str) -> Watched:
    """Run a command to its end; it and all it starts are looked at five times a second.

    Parameters
    ----------
    command
        Program and arguments.
    wait_for
        Part of a line whose time is kept.
    variables
        Environment variables beside those of this process.
    """
    found, before, began = Watched(), _of_children(), time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | variables,
        start_new_session=True,
    )
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(EVERY_SECONDS):
            sizes = [_memory(one) for one in _of_session(process.pid)]
            resident, proportional, own = (
                sum(part) for part in zip((0, 0, 0), *sizes, strict=True)
            )
            found.resident = max(found.resident, resident)
            found.proportional = max(found.proportional, proportional)
            found.own = max(found.own, own)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if wait_for and wait_for in line and found.started_after is None:
                found.started_after = time.perf_counter() - began
                found.started_processor = sum(_ticks(one) for one in _of_session(process.pid))
            found.output.append(line.rstrip())
        found.status = process.wait()
    finally:
        ended.set()
        looking.join()
    found.seconds = time.perf_counter() - began
    found.processor = _of_children() - before
    return found


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _ticks(process: int) -> float:
    """Return the seconds of processors of a process and of those of its children that ended."""
    try:
        fields = (_PROC / str(process) / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _of_session(leader: int) -> list[int]:
    """Return the processes that a command and its children have started."""
    found = []
    for path in _PROC.iterdir():
        if path.name.isdecimal():
            try:
                fields = (path / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == leader:
                found.append(int(path.name))
    return found


def _memory(process: int) -> tuple[int, int, int]:
    try:
        text = (_PROC / str(process) / "smaps_rollup").read_text()
    except OSError:
        return 0, 0, 0
    sizes = {name: int(size) * 1024 for name, size in re.findall(r"(\w+): +(\d+) kB", text)}
    return sizes.get("Rss", 0), sizes.get("Pss", 0), sizes.get("Pss_Anon", 0)
