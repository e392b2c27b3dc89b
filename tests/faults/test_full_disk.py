"""A disk with no room left, below everything that xbench writes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

import xbench
from xbench.benchmark.execute import one_thread
from xbench.surrogates.obtain import train_surrogate

from ..benchmark.workbench import FEW_STEPS, stored
from .commands import ended

Command = Callable[..., tuple[int, str, str]]
MOST = 30
MANY = ("run", "quick", "--methods", "random", "--seeds", MOST, "--jobs", 1)
NO_SPACE = "No space left on device"


def fill(folder: Path) -> None:
    """Take what room there is on the disk of a folder."""
    with (folder / ".filling").open("wb", 0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


# tests/results/test_store_faults.py fills the disk below a store in this process.
@pytest.mark.slow
def test_a_full_disk_keeps_what_is_finished(
    request: pytest.FixtureRequest, tmp_path: Path, xbench_command: Command
) -> None:
    try:
        store, largest_file = request.getfixturevalue("small_disk") / "store", None
        reason = NO_SPACE
    except pytest.skip.Exception:
        # Not root: a file that may not grow meets the same code.
        store, largest_file, reason = tmp_path / "store", 20_000, "File too large"
    end = ended(*MANY, "--store", store, largest_file=largest_file)
    assert end.code == 2
    assert end.lines == [
        f"xbench: {store}: cannot write runs.jsonl ({reason}); "
        "free some space or choose another folder"
    ]
    finished = stored(store)
    assert 5 < len(finished) < MOST
    assert (store / "runs.jsonl").read_bytes().endswith(b"\n")
    # Where there is room, the same store goes on where it was.
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("store.json", "runs.jsonl"):
        (moved / name).write_bytes((store / name).read_bytes())
    code, _, said = xbench_command(*MANY, "--store", moved)
    assert code == 0
    assert f"{MOST - len(finished)} runs to do, {len(finished)} finished before" in said
    assert stored(moved)[: len(finished)] == finished


def test_a_surrogate_is_saved_whole_or_not_at_all(small_disk: Path, small_data: Path) -> None:
    """In this process: only the disk is asked here."""
    dataset = xbench.load_dataset(data=small_data)
    with one_thread(), pytest.raises(xbench.XbenchError, match="cannot write the surrogate") as no:
        train_surrogate(dataset, settings=FEW_STEPS, folder=small_disk / "surrogate")
    assert "\n" not in str(no.value)
    assert [path for path in small_disk.iterdir() if path.name != ".surrogate.lock"] == []


def test_a_full_disk_leaves_every_page_whole(
    page_disk: Path, tmp_path: Path, xbench_command: Command
) -> None:
    """In this process: what is written goes through the same few lines as in any other."""
    store = tmp_path / "store"
    quick = ("run", "quick", "--jobs", 1, "--store", store, "--methods")
    assert xbench_command(*quick, "random")[0] == 0
    assert xbench_command("leaderboard", "--store", store, "--out", page_disk / "pages")[0] == 0
    published = page_disk / "pages"
    before = {path.name: path.read_bytes() for path in published.iterdir()}
    fill(page_disk)
    assert xbench_command(*quick, "gradient-change")[0] == 0
    code, _, errors = xbench_command("leaderboard", "--store", store, "--out", page_disk / "pages")
    assert code == 2
    assert errors.startswith(f"xbench: {published}: cannot write ")
    assert errors.count("\n") == 1
    assert {path.name: path.read_bytes() for path in published.iterdir()} == before


@pytest.mark.parametrize("asked", ["list", "--version"], ids=["much", "little"])
@pytest.mark.parametrize("buffered", [True, False], ids=["buffered", "unbuffered"])
def test_output_without_room_is_no_mistake_of_xbench(
    buffered: bool, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is still in the buffer is written when the interpreter ends, unless it is seen before.
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    if not buffered:
        monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    with Path("/dev/full").open("w") as full:
        end = ended(asked, output=full)
    assert end.code == 2
    assert end.errors.count("\n") == 1
    assert end.lines == [
        f"xbench: the output or a temporary file: cannot be written ({NO_SPACE}); free some space"
    ]
