"""A file that ends the process it is read in, or holds it up: the others are read all the same."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from xbench.errors import XbenchError

from . import fuzz
from .kinds import Kind

Reader = Callable[[Path], object]


def take(path: Path) -> object:
    return path.read_bytes()


def refuse(path: Path) -> object:
    raise XbenchError(f"{path}: not what it says")


def loop(path: Path) -> object:
    # In C: no handler of Python gets a turn.
    return sum(range(10**12))


def end(path: Path) -> object:
    os._exit(3)


def crash(path: Path) -> object:
    os.kill(os.getpid(), signal.SIGKILL)
    return signal.pause()


def wait(path: Path) -> object:
    return signal.pause()


# test_counts.py reads spoiled files in the same way.
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux tells it")
def test_one_bad_reader_spoils_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "LIMIT_SECONDS", 0.2)
    monkeypatch.setattr(fuzz, "WAITING_SECONDS", 1.0)
    met: list[tuple[Reader, str]] = [
        (take, "taken"),
        (crash, "its process was killed by signal 9 (SIGKILL)"),
        (refuse, "refused"),
        (loop, "took too long"),
        (end, "its process ended by itself (exit code 3) before it gave a result"),
        (take, "taken"),
        (wait, "took too long"),
        (refuse, "refused"),
    ]
    files = []
    for number, (read, _) in enumerate(met):
        kind = Kind("file", b"content", read)
        files.append(fuzz.Spoiled(number, kind, kind.put(kind.content, tmp_path / str(number))))
    assert fuzz.outcomes(files) == [outcome for _, outcome in met]
