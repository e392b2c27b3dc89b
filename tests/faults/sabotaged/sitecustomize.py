"""Imported by Python itself in every process that a test starts: a disk and a lock that misbehave.

HANG_IN_WRITE=N    The N-th write of a JSON object writes half of its bytes, makes the file named by
                   SAY_SO, and never goes on: there the process can be killed.
MEET_IN=FOLDER     The first time it asks for a lock, a process waits for another one to do so.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import time
from pathlib import Path

_write, _flock = os.write, fcntl.flock
_numbers = itertools.count(1)


def _hanging_write(descriptor: int, content: bytes) -> int:
    is_object = bytes(content[:1]) == b"{"
    if not is_object or next(_numbers) < int(os.environ["HANG_IN_WRITE"]):
        return _write(descriptor, content)
    _write(descriptor, content[: len(content) // 2])
    Path(os.environ["SAY_SO"]).touch()
    time.sleep(600)
    raise AssertionError("nobody killed this process")


def _meeting_flock(descriptor: int, operation: int) -> None:
    fcntl.flock = _flock
    folder = Path(os.environ["MEET_IN"])
    (folder / str(os.getpid())).touch()
    end = time.monotonic() + 300
    while len(list(folder.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.001)
    _flock(descriptor, operation)


if "HANG_IN_WRITE" in os.environ:
    os.write = _hanging_write  # type: ignore[assignment]
if "MEET_IN" in os.environ:
    fcntl.flock = _meeting_flock  # type: ignore[assignment]
