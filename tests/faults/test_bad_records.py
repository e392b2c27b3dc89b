"""Lines of a store that are damaged, or that a newer xbench has written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .commands import QUICK, ended

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def spoiled(tmp_path: Path, xbench_command: Command) -> Path:
    """A store of three runs, the first and the last of them spoiled."""
    store = tmp_path / "store"
    assert xbench_command(*QUICK, "--jobs", 1, "--store", store)[0] == 0
    first, second, third = (store / "runs.jsonl").read_bytes().splitlines(keepends=True)
    newer = first.replace(b'"L": ', b'"flavour": "new", "L": ')
    flipped = third[:40] + bytes([third[40] ^ 0xFF]) + third[41:]
    (store / "runs.jsonl").write_bytes(newer + second + flipped)
    return store


# The next test reads the same store for a leaderboard, in this process.
@pytest.mark.slow
def test_bad_lines_are_one_warning_and_stay(spoiled: Path) -> None:
    before = (spoiled / "runs.jsonl").read_bytes()
    end = ended(*QUICK, "--store", spoiled, "--jobs", 1)
    assert end.code == 0
    place = f"{spoiled / 'runs.jsonl'}:1: not a record"
    assert end.lines == [
        f"xbench: warning: {place} (unknown field 'flavour', perhaps of a newer xbench); "
        "update xbench (1 more: line 3)"
    ]
    assert "UserWarning" not in end.errors
    # Their runs were carried out again, and what could not be read is still there.
    assert "2 runs to do, 1 finished before" in end.errors
    after = (spoiled / "runs.jsonl").read_bytes()
    assert after.startswith(before)
    assert after.count(b"\n") == 5


def test_the_leaderboard_says_what_it_could_not_read(
    spoiled: Path, tmp_path: Path, xbench_command: Command
) -> None:
    code, out, errors = xbench_command("leaderboard", "--store", spoiled, "--out", tmp_path / "out")
    assert code == 0
    assert errors.startswith("xbench: warning: ")
    assert errors.count("\n") == 1
    assert "runs.jsonl:1: not a record (unknown field 'flavour'" in errors
    assert "out/results.csv" in out
    # One finished run of the three could be read, and is on the page.
    rows = (tmp_path / "out" / "results.csv").read_text(encoding="utf-8")
    assert {line.split(",")[0] for line in rows.splitlines()[1:]} == {"quick"}
