"""Tasks that are files of a user."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ..benchmark.workbench import write_task


def test_a_task_file_is_rendered_with_its_own_title_and_metric(
    xbench_command: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
    small_data: Path,
    small_surrogate: Path,
) -> None:
    task = write_task(tmp_path, title="Mine alone", metrics=["avg-delta", "rel-delta"])
    options = ("--data", small_data, "--checkpoint", small_surrogate, "--jobs", 1)
    assert xbench_command("run", task, *options, "--store", tmp_path / "store")[0] == 0
    task.unlink()
    out = tmp_path / "out"
    rendered = xbench_command("leaderboard", "--store", tmp_path / "store", "--out", out)
    assert rendered[0] == 0
    page = (out / "README.md").read_text(encoding="utf-8")
    assert "Mine alone" in page
    assert "not known" not in page
    # rel-delta ranks, as the task says, not avg-delta, the first by name.
    assert "Ranked by Rel. Δ(%)" in page


def test_a_task_file_cannot_take_the_name_of_a_shipped_task(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    task = write_task(tmp_path, name="quick")
    assert "is that of a shipped task" in refused("run", task)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"stepz": 3}, "unknown parameter 'stepz'. Nearest: steps. Valid parameters: "),
        ({"steps": 0}, "steps: must be more than 0, not 0"),
        ({"steps": "3"}, "steps: must be a whole number, not '3'"),
        ({"choose": "x"}, "choose: must be 'last' or 'best-on-validation', not 'x'"),
    ],
)
def test_parameters_are_refused_before_anything_is_run(
    refused: Callable[..., str],
    tmp_path: Path,
    small_data: Path,
    parameters: dict[str, object],
    said: str,
) -> None:
    task = write_task(tmp_path, methods=[{"name": "grids", "parameters": parameters}])
    line = refused("run", task, "--data", small_data)
    assert f"task small: method 'grids': {said}" in line
