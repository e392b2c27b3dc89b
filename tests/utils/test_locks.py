"""A lock keeps others out while it is held, and no longer, however its owner ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from xbench.utils.locks import locked

HOLD = """
import sys, time
from pathlib import Path
from xbench.utils.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""
ADD_ONE = """
import sys
from pathlib import Path
from xbench.utils.locks import locked
folder = Path(sys.argv[1])
for _ in range(50):
    with locked(folder / ".lock"):
        number = int((folder / "number").read_text())
        (folder / "number").write_text(str(number + 1))
"""


def test_a_killed_owner_leaves_no_lock(tmp_path: Path) -> None:
    path, waited = tmp_path / ".lock", []
    owner = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"held\n"

    def kill() -> None:
        waited.append(path)
        owner.send_signal(signal.SIGKILL)

    with locked(path, kill):
        assert owner.wait(timeout=60) == -signal.SIGKILL
    assert waited == [path]


def test_waiting_is_said_once_and_lasts_as_long_as_the_lock_is_held(tmp_path: Path) -> None:
    path, events = tmp_path / ".lock", []
    said = threading.Event()

    def wait() -> None:
        with locked(path, lambda: (events.append("waiting"), said.set())):
            events.append("second")

    thread = threading.Thread(target=wait)
    with locked(path, lambda: events.append("nobody to wait for")):
        thread.start()
        assert said.wait(60)
        time.sleep(0.1)
        events.append("first")
    thread.join(60)
    assert events == ["waiting", "first", "second"]


def test_processes_that_take_turns_lose_nothing(tmp_path: Path) -> None:
    (tmp_path / "number").write_text("0")
    command = [sys.executable, "-c", ADD_ONE, str(tmp_path)]
    processes = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait(timeout=120) for process in processes] == [0] * 4
    assert (tmp_path / "number").read_text() == "200"


def test_a_child_forked_meanwhile_does_not_keep_the_lock(tmp_path: Path) -> None:
    with locked(tmp_path / ".lock"):
        child = os.fork()
        if child == 0:
            time.sleep(600)
            os._exit(0)
    try:
        with locked(tmp_path / ".lock", lambda: pytest.fail("the child holds it")):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_an_error_inside_releases_it_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with pytest.raises(KeyboardInterrupt), locked(path):
        raise KeyboardInterrupt
    assert path.exists()
    with locked(path, lambda: pytest.fail("nobody holds it")):
        pass


def test_what_cannot_be_locked_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file" / ".lock", tmp_path):
        with pytest.raises(OSError, match=str(tmp_path)), locked(path):
            pytest.fail("there is nothing to lock")
