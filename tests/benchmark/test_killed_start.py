"""A start of runs that is killed or interrupted loses at most the runs under way."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import xbench
from xbench.benchmark.request import Request
from xbench.benchmark.runner import run_request
from xbench.data.load import DataChoice
from xbench.data.read_options import ReadOptions
from xbench.results.store import ResultStore
from xbench.utils.process import one_thread

from ..faults.kills import forked, lives
from ..slow_rest import rest_slow
from .workbench import lasting, stored, write_method, write_task

SLOW = """
    def explain(self, problem):
        time.sleep(0.2)
        return Selection(problem.generator().choice(30, problem.subset_size, replace=False))
"""
RUNS = 8


def wait_for_two(store: Path, is_there: Callable[[], bool]) -> None:
    """Wait until two runs are stored by a process that is there."""
    journal, end = store / "runs.jsonl", time.monotonic() + 60
    while not journal.exists() or journal.read_bytes().count(b"\n") < 2:
        assert is_there()
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("jobs", rest_slow([1, 2], 1))
def test_a_killed_start_goes_on_where_it_was(
    jobs: int, tmp_path: Path, small_data: Path, small_surrogate: Path
) -> None:
    store, task = tmp_path / "store", str(write_task(tmp_path, repetitions=RUNS))
    method = write_method(tmp_path, "slow", SLOW)

    def start(folder: Path) -> None:
        request = Request(
            task,
            data=DataChoice(reading=ReadOptions(path=small_data)),
            checkpoint=small_surrogate,
            method_files=[method],
            jobs=jobs,
            fresh_process=True,
        )
        with one_thread():
            run_request(request, ResultStore(folder))

    # It has imported already what a new Python would take seconds to import.
    child = forked(start, store)
    try:
        wait_for_two(store, lambda: lives(child))
        os.kill(child, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    finally:
        # Its worker processes, which outlive a killed parent for a while.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    kept = stored(store)
    assert 2 <= len(kept) < RUNS
    assert {record.status for record in kept} == {"ok"}
    before = (store / "runs.jsonl").read_bytes()

    def finish(folder: Path) -> None:
        xbench.run(
            task,
            data=small_data,
            checkpoint=small_surrogate,
            method_files=[method],
            store=folder,
        )

    finish(store)
    assert (store / "runs.jsonl").read_bytes().startswith(before)
    assert (store / "runs.jsonl").read_bytes().count(b"\n") == RUNS
    if jobs == 1:
        finish(tmp_path / "undisturbed")
        assert lasting(stored(store)) == lasting(stored(tmp_path / "undisturbed"))


def test_ctrl_c_keeps_what_is_finished_and_says_so(
    tmp_path: Path, small_data: Path, small_surrogate: Path
) -> None:
    task = write_task(tmp_path, repetitions=RUNS)
    method, store = write_method(tmp_path, "slow", SLOW), tmp_path / "store"
    command = [sys.executable, "-m", "xbench", "run", str(task), "--jobs", "1"]
    command += ["--data", str(small_data), "--checkpoint", str(small_surrogate)]
    command += ["--method", method, "--store", str(store)]
    with (tmp_path / "errors.txt").open("w") as file:
        process = subprocess.Popen(
            command,
            stderr=file,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
            # A shell that starts the tests in the background lets them ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
        )
    try:
        wait_for_two(store, lambda: process.poll() is None)
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=30)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    errors = (tmp_path / "errors.txt").read_text()
    assert code == 130
    assert errors.splitlines()[-1] == "xbench: interrupted; finished runs are kept"
    assert "Traceback" not in errors
    # The second line was seen, but where the disk is slow it was not synchronised yet when the
    # interrupt came: then it is taken back, as any record whose writing does not end.
    assert 1 <= len(stored(store)) < RUNS
