"""The table of a task file: what it takes, what it refuses, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from xbench.benchmark.task import load_task
from xbench.errors import XbenchError

from ..benchmark.workbench import write_task


def load(folder: Path, table: str) -> object:
    path = write_task(folder, methods=["random", "grids"])
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n{table}\n", encoding="utf-8")
    return load_task(path).thresholds


def test_the_table_is_read(tmp_path: Path) -> None:
    told = load(
        tmp_path,
        '[thresholds]\nreference_method = "random"\nrel-delta = 1\nseconds = 2.5\n'
        "[thresholds.methods.grids]\nforward-evaluations = 0.1\nrel-delta = 0",
    )
    assert told.reference_method == "random"  # type: ignore[attr-defined]
    of = told.of  # type: ignore[attr-defined]
    assert [of("random", "rel-delta"), of("grids", "rel-delta"), of("grids", "seconds")] == [
        1.0, 0.0, 2.5,
    ]  # fmt: skip
    assert of("grids", "forward-evaluations") == 0.1
    assert of("random", "forward-evaluations") is None


def test_thresholds_change_no_digest(tmp_path: Path) -> None:
    plain = load_task(write_task(tmp_path, methods=["random", "grids"])).digest
    load(tmp_path, "[thresholds]\nrel-delta = 1")
    assert load_task(tmp_path / "small.toml").thresholds.quantities
    assert load_task(tmp_path / "small.toml").digest == plain


def test_a_task_without_them_keeps_the_digest_it_had_before_there_were_any(tmp_path: Path) -> None:
    # As xbench of commit 324857a gave it.
    task = load_task(write_task(tmp_path, methods=["random", "grids"]))
    assert task.digest == "a5778e54517bc89b"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[thresholds]\nrel-dleta = 1", "thresholds: unknown quantity 'rel-dleta'. Nearest: rel-d"),
        ("[thresholds]\nseconds = 0.5", "seconds must be a factor of at least 1, not 0.5"),
        ("[thresholds]\nrel-delta = -1", "rel-delta must be at least 0, not -1"),
        ("[thresholds]\nrel-delta = nan", "rel-delta must be a finite number, not nan"),
        ('[thresholds]\nrel-delta = "1"', "rel-delta must be a number, not '1'"),
        ("[thresholds]\nrel-delta = true", "rel-delta must be a number, not True"),
        ("[thresholds]\nreference_method = 3", "reference_method must be the label"),
        ('[thresholds]\nreference_method = "lime"', "thresholds: unknown method 'lime'"),
        ("[thresholds.methods.lime]\nrel-delta = 1", "thresholds: unknown method 'lime'"),
        ("[thresholds]\nmethods = 3", "methods must be tables"),
        ("[thresholds.methods]\ngrids = 3", "methods.grids: must be a table of numbers"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(XbenchError) as caught:
        load(tmp_path, table)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "small.toml: thresholds: " in str(caught.value)
