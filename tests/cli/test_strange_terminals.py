"""What is printed: any terminal can show it, and nothing from a file steers the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..benchmark.workbench import make_multiome, write_multiome
from ..slow_rest import rest_slow


def run(*arguments: str | Path, encoding: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "xbench", *map(str, arguments)],
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("encoding", rest_slow(["ascii", "latin-1", "utf-8"], 1))
def test_signs_that_an_encoding_lacks_are_replaced(encoding: str, tmp_path: Path) -> None:
    parts = make_multiome()
    kind = "Müller ☃ \x1b[31mred\u202e"
    for part in parts.values():
        part.obs["cell_type"] = kind
    path = write_multiome(tmp_path / "small.h5mu", parts)
    done = run("data", "validate", path, encoding=encoding)
    assert b"Traceback" not in done.stderr
    assert b"\x1b" not in done.stdout + done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith(b"cell types"))
    wanted = {"ascii": "M?ller ? ", "latin-1": "Müller ? ", "utf-8": "Müller ☃ "}[encoding]
    assert line.decode(encoding).startswith(f"cell types: {wanted} [31mred")


def test_an_error_and_a_path_that_steer_the_terminal(tmp_path: Path) -> None:
    done = run("data", "validate", tmp_path / "a\x1b]0;title\x07  b.h5mu", encoding="ascii")
    assert done.returncode == 2
    assert b"\x1b" not in done.stderr
    assert b"a ]0;title   b.h5mu: no such file" in done.stderr
    assert done.stderr.count(b"\n") == 1
