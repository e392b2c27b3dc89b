"""`--cluster ADDRESS`: a Dask scheduler and workers that somebody else has started."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..benchmark.workbench import lasting, stored
from .conftest import TASK
from .programs import Programs, lines_of, programs_in

pytestmark = pytest.mark.slow


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    with programs_in(tmp_path) as started:
        yield started


def test_two_starts_and_a_worker_that_comes_late(
    programs: Programs, words: list[str], here: dict[str, dict[str, object]], tmp_path: Path
) -> None:
    _, address = programs.scheduler()
    late = programs.start("late", "xbench", *words, "--cluster", address, "--store", "late")
    late.until(lambda: "connecting to the Dask scheduler at tcp://" in late.said())
    assert lines_of(tmp_path / "late") == 0
    programs.worker(address, name="first")
    late.until(lambda: lines_of(tmp_path / "late") > 0)
    programs.worker(address, name="second")
    assert late.code() == 0, late.said()
    assert lasting(stored(tmp_path / "late")) == here
    options = ("--cluster", address, "--jobs", "2")
    check = programs.start("check", "xbench", "cluster", "check", *options)
    assert check.code() == 0, check.said()
    assert "2 workers are fit for runs" in check.said()
    again = programs.start("again", "xbench", *words, "--cluster", address, "--store", "again")
    assert again.code() == 0, again.said()
    assert lasting(stored(tmp_path / "again")) == here


def test_a_scheduler_without_workers_is_told_with_what_to_do(programs: Programs) -> None:
    _, address = programs.scheduler()
    options = ("--cluster", address, "--wait", "1")
    check = programs.start("check", "xbench", "cluster", "check", *options)
    assert check.code() == 2
    assert f"no worker came in 1 s; start one: 'dask worker {address}'" in check.said()


def test_what_is_finished_is_kept_where_the_scheduler_ends(
    programs: Programs, words: list[str], here: dict[str, dict[str, object]], tmp_path: Path
) -> None:
    scheduler, address = programs.scheduler()
    programs.worker(address)
    asked = [*words, "--store", "store", "--cluster"]
    driver = programs.start("driver", "xbench", *asked, address)
    driver.until(lambda: lines_of(tmp_path / "store") >= 2)
    scheduler.process.send_signal(signal.SIGKILL)
    assert driver.code() == 2, driver.said()
    last = driver.said().splitlines()[-1]
    assert last.startswith("xbench: the Dask scheduler at tcp://127.0.0.1:")
    assert "the connection to the scheduler was lost" in last
    assert "Traceback" not in driver.said()
    kept = stored(tmp_path / "store")
    assert 2 <= len(kept) < TASK["repetitions"]
    assert {record.status for record in kept} == {"ok"}
    _, address = programs.scheduler(name="another")
    programs.worker(address, name="another-worker")
    second = programs.start("second", "xbench", *asked, address)
    assert second.code() == 0, second.said()
    assert lasting(stored(tmp_path / "store")) == here
    assert lines_of(tmp_path / "store") == TASK["repetitions"]


def test_a_scheduler_that_comes_back_in_time_is_gone_on_with(
    programs: Programs, words: list[str], here: dict[str, dict[str, object]], tmp_path: Path
) -> None:
    scheduler, address = programs.scheduler()
    programs.worker(address)
    asked = [*words, "--store", "store", "--cluster", address]
    driver = programs.start("driver", "xbench", *asked)
    driver.until(lambda: lines_of(tmp_path / "store") >= 2)
    scheduler.process.send_signal(signal.SIGKILL)
    scheduler.code()
    programs.scheduler("--port", address.rpartition(":")[2], name="restarted")
    programs.worker(address, name="another-worker")
    assert driver.code() == 0, driver.said()
    assert lasting(stored(tmp_path / "store")) == here
