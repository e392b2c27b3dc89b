"""A run that failed is told with where to look, and by --debug with its traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ..benchmark.workbench import explaining, write_method

Command = Callable[..., tuple[int, str, str]]


def test_the_traceback_of_a_failed_run_is_shown_on_purpose(
    tmp_path: Path, xbench_command: Command
) -> None:
    line = "raise ValueError('odd \\x1b[31m here')"
    method = write_method(tmp_path, "odd", explaining(line))
    store = tmp_path / "store"
    command = ("run", "quick", "--methods", "random", "--method", method, "--store", store)
    code, _, said = xbench_command(*command)
    assert code == 1
    assert "Traceback" not in said
    last = said.splitlines()[-1]
    assert last.startswith("a run failed; 'xbench runs show ")
    assert last.endswith(f"--store {store}' or --debug shows why")
    # What it advises shows why.
    code, shown, _ = xbench_command(*last.split("'")[1].split()[1:])
    assert code == 0
    assert "Traceback (most recent call last):" in shown
    code, _, said = xbench_command("--debug", *command)
    assert code == 1
    assert "odd 8:3: Traceback (most recent call last):" in said
    assert "in explain" in said
    assert "\x1b" not in said
    assert said.splitlines()[-1] == last


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_nothing_is_told_where_none_failed(
    debug: list[str], tmp_path: Path, xbench_command: Command
) -> None:
    command = ("run", "quick", "--methods", "random", "--store", tmp_path / "store", *debug)
    code, _, said = xbench_command(*command)
    assert code == 0
    assert "failed;" not in said
