"""kill -9 at the worst moments: half-way through a write."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from xbench.results.store import ResultStore

from ..benchmark.workbench import lasting, stored, write_method
from .commands import QUICK, started, wait_for

Command = Callable[..., tuple[int, str, str]]


def kill_in_write(
    number: int, arguments: tuple[object, ...], say_so: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start a command and kill it half-way through its n-th write to a file."""
    with monkeypatch.context() as patch:
        patch.setenv("HANG_IN_WRITE", str(number))
        patch.setenv("SAY_SO", str(say_so))
        with started(*arguments) as process:
            wait_for(say_so, process)
            process.send_signal(signal.SIGKILL)
            assert process.wait(timeout=120) == -signal.SIGKILL


# tests/results/test_store_faults.py and tests/utils/test_atomic.py stop writes in the middle.
@pytest.mark.slow
@pytest.mark.usefixtures("sabotage")
def test_a_kill_while_the_store_is_made_leaves_no_obstacle(
    tmp_path: Path, xbench_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    command = (*QUICK, "--store", store, "--jobs", 1)
    kill_in_write(1, command, tmp_path / "half", monkeypatch)
    # Half a declaration lies there, under a name that nobody reads.
    assert not (store / "store.json").exists()
    assert any(path.name.startswith(".store.json.") for path in store.iterdir())
    assert xbench_command(*command)[0] == 0
    assert [record.status for record in stored(store)] == ["ok"] * 3


# tests/results/test_store_faults.py has records that were cut in the middle, and
# tests/benchmark/test_killed_start.py a start that is killed.
@pytest.mark.slow
@pytest.mark.usefixtures("sabotage")
def test_a_kill_inside_a_record_loses_that_run_alone(
    tmp_path: Path, xbench_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, whole = tmp_path / "store", tmp_path / "whole"
    command = (*QUICK, "--jobs", 1)
    # Records are written by the worker: the first, and half of the second. It ends with its start.
    kill_in_write(2, (*command, "--store", store), tmp_path / "half", monkeypatch)
    left = (store / "runs.jsonl").read_bytes()
    lines, newline, torn = left.rpartition(b"\n")
    assert lines.count(b"\n") == 0
    assert torn.startswith(b"{")
    assert len(stored(store)) == 1
    code, _, errors = xbench_command(*command, "--store", store)
    assert code == 0
    assert "2 runs to do, 1 finished before" in errors
    assert (store / "runs.jsonl").read_bytes().startswith(lines + newline)
    assert xbench_command(*command, "--store", whole)[0] == 0
    assert lasting(stored(store)) == lasting(stored(whole))


# The same again for a file that is replaced; tests/utils/test_atomic.py does it in this process.
@pytest.mark.slow
@pytest.mark.usefixtures("sabotage")
def test_a_kill_inside_a_baseline_leaves_the_old_one(
    tmp_path: Path, xbench_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, folder = tmp_path / "store", tmp_path / "baselines"
    save = ("baseline", "save", "ci", "--store", store, "--folder", folder)
    assert xbench_command(*QUICK, "--jobs", 1, "--store", store)[0] == 0
    assert xbench_command(*save)[0] == 0
    before = (folder / "ci.json").read_bytes()
    more = ("run", "quick", "--methods", "random", "--seeds", 5, "--jobs", 1, "--store", store)
    assert xbench_command(*more)[0] == 0
    kill_in_write(1, save, tmp_path / "half", monkeypatch)
    # Half of the new one lies beside the old one, under a name that nobody reads.
    assert [path.name for path in folder.iterdir() if path.name[0] != "."] == ["ci.json"]
    assert any(path.name.startswith(".ci.json.") for path in folder.iterdir())
    assert (folder / "ci.json").read_bytes() == before
    assert xbench_command(*save)[0] == 0
    assert (folder / "ci.json").read_bytes().count(b'"repetition"') == 5


@pytest.mark.slow
def test_workers_end_soon_after_their_start_was_killed(tmp_path: Path) -> None:
    """They take no other run and keep no memory, however long the run they are in would last."""
    body = """
        def explain(self, problem):
            time.sleep(0.2 if problem.seed % 2 else 600)
            return Selection(range(16))
    """
    # Each worker says who it is.
    before = f"open(f'{tmp_path}/pid-{{os.getpid()}}', 'w').close()"
    method = write_method(tmp_path, "slow", body, before=before)
    options = ("--method", method, "--seeds", 40, "--jobs", 2, "--store", tmp_path / "store")
    with started("run", "quick", *options) as process:
        wait_for(tmp_path / "store" / "runs.jsonl", process)
        end = time.monotonic() + 300
        while not ResultStore(tmp_path / "store").records():
            assert time.monotonic() < end
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        workers = [int(path.name[4:]) for path in tmp_path.glob("pid-*")]
        assert len(workers) == 2
        end = time.monotonic() + 5
        while any(map(_lives, workers)):
            assert time.monotonic() < end
            time.sleep(0.1)
    assert 1 <= len(stored(tmp_path / "store")) < 40


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False
