"""A start of runs that is killed or interrupted loses at most the runs under way."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import xbench

from ..slow_rest import rest_slow
from .workbench import lasting, stored, write_method, write_task

SLOW = """
    def explain(self, problem):
        time.sleep(0.2)
        return Selection(problem.generator().choice(30, problem.subset_size, replace=False))
"""
RUNS = 8


@pytest.fixture
def command(tmp_path: Path, small_data: Path, small_surrogate: Path) -> list[str]:
    task = write_task(tmp_path, repetitions=RUNS)
    method = write_method(tmp_path, "slow", SLOW)
    options = ["--data", str(small_data), "--checkpoint", str(small_surrogate)]
    options += ["--method", method, "--store", str(tmp_path / "store")]
    return [sys.executable, "-m", "xbench", "run", str(task), *options]


def start_and_stop(command: list[str], folder: Path, stop: signal.Signals) -> tuple[int, str]:
    """Start a real process, wait until some runs are stored, send a signal; return its end."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    journal, errors = folder / "store" / "runs.jsonl", folder / "errors.txt"
    with errors.open("w") as file:
        process = subprocess.Popen(
            command,
            stderr=file,
            env=environment,
            start_new_session=True,
            # A shell that starts the tests in the background lets them ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
        )
    try:
        end = time.monotonic() + 60
        while not journal.exists() or journal.read_bytes().count(b"\n") < 2:
            assert process.poll() is None, errors.read_text()
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(stop)
        return process.wait(timeout=30), errors.read_text()
    finally:
        # Its worker processes, which outlive a killed parent for a while.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("jobs", rest_slow([1, 2], 1))
def test_a_killed_start_goes_on_where_it_was(
    jobs: int, command: list[str], tmp_path: Path, small_data: Path, small_surrogate: Path
) -> None:
    store = tmp_path / "store"
    code, _ = start_and_stop([*command, "--jobs", str(jobs)], tmp_path, signal.SIGKILL)
    assert code == -signal.SIGKILL
    kept = stored(store)
    assert 2 <= len(kept) < RUNS
    assert {record.status for record in kept} == {"ok"}
    before = (store / "runs.jsonl").read_bytes()

    def finish(folder: Path) -> None:
        xbench.run(
            str(tmp_path / "small.toml"),
            data=small_data,
            checkpoint=small_surrogate,
            method_files=[str(tmp_path / "slow.py")],
            store=folder,
        )

    finish(store)
    assert (store / "runs.jsonl").read_bytes().startswith(before)
    assert (store / "runs.jsonl").read_bytes().count(b"\n") == RUNS
    if jobs == 1:
        finish(tmp_path / "undisturbed")
        assert lasting(stored(store)) == lasting(stored(tmp_path / "undisturbed"))


def test_ctrl_c_keeps_what_is_finished_and_says_so(command: list[str], tmp_path: Path) -> None:
    code, errors = start_and_stop([*command, "--jobs", "1"], tmp_path, signal.SIGINT)
    assert code == 130
    assert errors.splitlines()[-1] == "xbench: interrupted; finished runs are kept"
    assert "Traceback" not in errors
    # The second line was seen, but where the disk is slow it was not synchronised yet when the
    # interrupt came: then it is taken back, as any record whose writing does not end.
    assert 1 <= len(stored(tmp_path / "store")) < RUNS
