"""A store on a medium that cannot be written to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .commands import QUICK, ended

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def read_only(tmp_path: Path, xbench_command: Command) -> Iterator[Path]:
    """A store with three finished runs, mounted read-only (for root) or forbidden (for others)."""
    store = tmp_path / "store"
    assert xbench_command(*QUICK, "--jobs", 1, "--store", store)[0] == 0
    if os.geteuid() != 0:
        store.chmod(0o555)
        yield store
        store.chmod(0o755)
        return
    mount = ["mount", "--bind", str(store), str(store)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("nothing can be mounted here, and permissions do not bind root")
    subprocess.run(["mount", "-o", "remount,ro,bind", str(store)], check=True)
    yield store
    subprocess.run(["umount", "--lazy", str(store)], check=True)


# tests/results/test_store_faults.py has a store that cannot be written to in this process.
@pytest.mark.slow
def test_a_read_only_store_is_rendered_but_not_run(
    read_only: Path, tmp_path: Path, xbench_command: Command
) -> None:
    before = {path.name: path.read_bytes() for path in read_only.iterdir()}
    end = ended("run", "quick", "--methods", "gradient-change", "--store", read_only)
    assert end.code == 2
    (line,) = end.lines
    assert line.startswith(f"xbench: {read_only}: cannot write runs.jsonl (")
    assert line.endswith("); choose a folder you may write to")
    code, out, errors = xbench_command("leaderboard", "--store", read_only, "--out", tmp_path / "l")
    assert (code, errors) == (0, "")
    assert str(tmp_path / "l" / "results.csv") in out
    assert {path.name: path.read_bytes() for path in read_only.iterdir()} == before
