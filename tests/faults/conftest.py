"""Faults of the world, made to happen for real: which test proves which.

Every test here starts ``python -m xbench`` as a process of its own unless it says otherwise, and
asks three things: nothing finished is lost, nothing half-written is ever read, and the user gets
one clear line and the right exit code.

| fault | test |
| --- | --- |
| kill -9 while the store is being made | test_a_kill_while_the_store_is_made_leaves_no_obstacle |
| kill -9 in the middle of writing a record | test_a_kill_inside_a_record_loses_that_run_alone |
| kill -9 in the middle of saving a baseline | test_a_kill_inside_a_baseline_leaves_the_old_one |
| kill -9 of the start, not of its workers | test_workers_end_soon_after_their_start_was_killed |
| a full disk below the store | test_a_full_disk_keeps_what_is_finished |
| a full disk below a new surrogate | test_a_surrogate_is_saved_whole_or_not_at_all |
| a full disk below the leaderboard | test_a_full_disk_leaves_every_page_whole |
| a full disk below the terminal's output | test_output_without_room_is_no_mistake_of_xbench |
| a read-only store | test_a_read_only_store_is_rendered_but_not_run |
| two starts at once on one new store | test_two_starts_at_once_share_a_store |
| a store that appears while one looks | test_a_store_made_meanwhile_is_a_store |
| two starts at once without a surrogate | test_two_that_need_one_surrogate_train_it_once |
| a corrupted record | test_bad_lines_are_one_warning_and_stay |
| a record of a future version | test_bad_lines_are_one_warning_and_stay |
| either of them below a leaderboard | test_the_leaderboard_says_what_it_could_not_read |
| kill -9 at random moments, of anything | test_nothing_is_lost_by_kills |
| values that cannot be meant | test_what_cannot_be_meant_is_refused |
| files spoiled at random | test_spoiled_files_are_taken_or_refused_in_one_line |
| one that ends whoever reads it | test_one_bad_reader_spoils_no_other |
| the page that counts both | test_counts_are_written_between_their_marks |

Proved elsewhere, below the command line: torn and corrupt lines, full disks and read-only stores by
`tests/results/test_store_faults.py`, `test_journal.py` and `test_atomic.py`; kill -9 and Ctrl-C
between records by `tests/benchmark/test_killed_start.py`, of a worker by `test_failed_runs.py`;
stores of a future version and impossible folders by `tests/cli/test_bad_folders.py`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..benchmark.workbench import cache, own_folders, small_data
from ..cli.conftest import refused, xbench_command

__all__ = ["cache", "own_folders", "refused", "small_data", "xbench_command"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that holds 24 kB."""
    with disk(tmp_path / "disk", "24k") as folder:
        yield folder


@pytest.fixture
def page_disk(tmp_path: Path) -> Iterator[Path]:
    """One that holds 2 MB: a leaderboard with its figures, once."""
    with disk(tmp_path / "disk", "2m") as folder:
        yield folder


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True).returncode != 0:
        pytest.skip("a file system can only be mounted by root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def sabotage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every Python process that a test starts obey `sabotaged/sitecustomize.py`."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).with_name("sabotaged")))
