"""Processes are told apart by their names, also where a number is used again."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from xbench.utils.process_names import is_gone, name_of_this

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says all of a name")


def test_a_process_is_gone_once_it_has_ended() -> None:
    reading, writing = os.pipe()
    other = os.fork()
    if other == 0:
        try:
            os.write(writing, name_of_this().encode())
            signal.pause()
        finally:
            os._exit(1)
    try:
        name = os.read(reading, 1000).decode()
        assert name.split()[2] == str(other)
        assert not is_gone(name)
    finally:
        os.kill(other, signal.SIGKILL)
        os.close(reading)
        os.close(writing)
    # Not collected yet: a corpse is gone.
    os.waitid(os.P_PID, other, os.WEXITED | os.WNOWAIT)
    assert is_gone(name)
    os.waitpid(other, 0)
    assert is_gone(name)


def test_a_number_used_again_is_another_process() -> None:
    *here, number, began = name_of_this().split(" ")
    assert not is_gone(" ".join([*here, number, began]))
    assert is_gone(" ".join([*here, number, str(int(began) - 1)]))


@pytest.mark.parametrize("name", ["", "x", "one two", "a b c d", "0 pid:[1] 1 1", "é\n 1 1 1"])
def test_what_cannot_be_looked_up_is_not_gone(name: str) -> None:
    assert not is_gone(name)


def test_what_the_system_hides_is_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    name = name_of_this()
    *_, number, _ = name.split(" ")
    text = Path.read_text

    def hidden(path: Path, *given: str) -> str:
        if str(path) == f"/proc/{number}/stat":
            raise FileNotFoundError(path)
        return text(path, *given)

    monkeypatch.setattr(Path, "read_text", hidden)
    assert not is_gone(name)
    assert is_gone(name.replace(f" {number} ", f" {10**30} "))


def test_another_machine_or_container_is_not_looked_up() -> None:
    start, space, number, began = name_of_this().split(" ")
    other = str(int(began) - 1)
    assert not is_gone(f"{start}x {space} {number} {other}")
    assert not is_gone(f"{start} {space}x {number} {other}")
    assert not is_gone(f"{start} {space} -{number} {other}")
