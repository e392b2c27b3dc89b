from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from xbench.cli import main

from ..benchmark.workbench import cache, own_folders, small_data, small_surrogate

__all__ = ["cache", "own_folders", "small_data", "small_surrogate"]


class Ended(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def xbench_command(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line, in this process: importing torch for each case would take minutes."""

    def call(*arguments: object) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture
def refused(xbench_command: Command, tmp_path: Path) -> Callable[..., str]:
    """Check that a command is refused as bad input is, and return its one line."""

    def check(*arguments: object) -> str:
        before = _files(tmp_path)
        ended = xbench_command(*arguments)
        assert (ended.code, ended.out) == (2, ""), ended
        assert ended.err.startswith("xbench: ")
        assert ended.err.count("\n") == 1, ended.err
        assert ended.err.endswith("\n")
        assert "Traceback" not in ended.err
        # What --debug adds is the same for each: see test_debug.py.
        # Neither a store nor anything else was begun.
        assert _files(tmp_path) == before
        return ended.err.removeprefix("xbench: ").rstrip("\n")

    return check


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): b"" if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
    }
