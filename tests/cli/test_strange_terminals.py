"""What is printed: any terminal can show it, and nothing from a file steers the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..benchmark.workbench import make_multiome, write_multiome, write_task
from ..slow_rest import rest_slow
from .conftest import Command

STRANGE = "Müller ☃ \x1b[31mred\u202e"


def run(*arguments: str | Path, encoding: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "xbench", *map(str, arguments)],
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("encoding", rest_slow(["ascii", "latin-1", "utf-8"], 1))
def test_signs_that_an_encoding_lacks_are_replaced(encoding: str, tmp_path: Path) -> None:
    task = write_task(tmp_path, title=STRANGE)
    done = run("list", "tasks", "--plugin", task, encoding=encoding)
    assert done.returncode == 0
    assert done.stderr == b""
    assert b"\x1b" not in done.stdout
    wanted = {"ascii": "M?ller ? ", "latin-1": "Müller ? ", "utf-8": "Müller ☃ "}[encoding]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(b"  small ")]
    assert line.decode(encoding).split(maxsplit=1)[1].startswith(f"{wanted} [31mred")


def test_a_name_in_a_data_file_does_not_steer_the_terminal(
    xbench_command: Command, tmp_path: Path
) -> None:
    parts = make_multiome()
    for part in parts.values():
        part.obs["cell_type"] = STRANGE
    done = xbench_command("data", "validate", write_multiome(tmp_path / "small.h5mu", parts))
    assert "\x1b" not in done.out + done.err
    assert "\ncell types: Müller ☃  [31mred" in done.out
    assert "\u202e" not in done.out


def test_an_error_and_a_path_that_steer_the_terminal(tmp_path: Path) -> None:
    done = run("data", "validate", tmp_path / "a\x1b]0;title\x07  b.h5mu", encoding="ascii")
    assert done.returncode == 2
    assert b"\x1b" not in done.stderr
    assert b"a ]0;title   b.h5mu: no such file" in done.stderr
    assert done.stderr.count(b"\n") == 1
