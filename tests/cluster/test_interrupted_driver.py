"""Ctrl-C at a driver whose workers are processes of this machine: as for `--jobs`."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from ..benchmark.workbench import lasting, stored
from .conftest import TASK
from .programs import lines_of, programs_in

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("whom", ["the driver", "all"])
def test_ctrl_c_ends_all_and_keeps_what_is_finished(
    whom: str, words: list[str], here: dict[str, dict[str, object]], tmp_path: Path
) -> None:
    words = ["xbench", *words, "--cluster", "local", "--jobs", "2", "--store", "store"]
    store = tmp_path / "store"
    with programs_in(tmp_path) as programs:
        driver = programs.start("driver", *words)
        driver.until(lambda: lines_of(store) >= 2)
        assert len(programs.left()) > 3
        if whom == "all":
            # As a terminal does: to every process of the command.
            os.killpg(driver.process.pid, signal.SIGINT)
        else:
            driver.process.send_signal(signal.SIGINT)
        assert driver.code() == 130, driver.said()
        assert driver.said().splitlines()[-1] == "xbench: interrupted; finished runs are kept"
        assert "Traceback" not in driver.said()
        end = time.monotonic() + 10
        while programs.left():
            assert time.monotonic() < end, programs.left()
            time.sleep(0.1)
        kept = stored(store)
        # A line that was seen before it was synchronised is taken back.
        assert 1 <= len(kept) < TASK["repetitions"]
        assert {record.status for record in kept} == {"ok"}
        second = programs.start("second", *words)
        assert second.code() == 0, second.said()
        assert "finished before" in second.said()
    assert lasting(stored(store)) == here
    assert lines_of(store) == TASK["repetitions"]
