"""`xbench bench` from its process of pytest to its table."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xbench.testing.performance import Measurement, saved_runs

from ..slow_rest import rest_slow

Command = Callable[..., tuple[int, str, str]]
Checkout = Callable[..., Path]


def test_what_was_measured_is_saved_and_shown(
    checkout: Checkout, tmp_path: Path, xbench_command: Command
) -> None:
    checkout()
    history = tmp_path / "new" / "benchmarks"
    code, out, errors = xbench_command("bench", "--history", history)
    assert code == 0
    ((path, run),) = saved_runs(history).items()
    assert f"saved as {path}" in errors
    assert run.benchmarks == [Measurement("walk: fast", 0.25, 12.5, "dense", "4 cells", 3 * 2**20)]
    assert run.commit is None
    row = next(line for line in out.splitlines() if line.startswith("walk: fast"))
    assert row.split() == ["walk:", "fast", "12.5", "0.25", "3.0", "MB", "dense;", "4", "cells"]
    assert xbench_command("bench", "--history", history, "--show") == (0, out, "")


# Two more starts of pytest; what was saved is read back above.
@pytest.mark.slow
def test_pytest_benchmark_compares_what_was_saved(
    checkout: Checkout, tmp_path: Path, xbench_command: Command
) -> None:
    history = tmp_path / "benchmarks"
    for ratio in ("12.5", "14.5"):
        checkout(ratio)
        assert xbench_command("bench", "--history", history)[0] == 0
    runs = list(saved_runs(history).values())
    assert [run.benchmarks[0].ratio for run in runs] == [12.5, 14.5]
    code, said, _ = xbench_command("bench", "--history", history, "--compare")
    assert code == 0
    assert "test_fast (0001" in said
    assert "test_fast (0002" in said
    # The table of ratios is another.
    assert "14.5" not in said


def test_a_ratio_below_its_gate_is_saved_and_ends_with_one(
    checkout: Checkout, tmp_path: Path, xbench_command: Command
) -> None:
    checkout("9.5")
    code, out, errors = xbench_command("bench", "--history", tmp_path / "saved")
    assert code == 1
    assert "9.5" in out
    assert "FAILED tests/benchmarks/test_walk.py::test_fast" in errors
    (run,) = saved_runs(tmp_path / "saved").values()
    assert run.benchmarks[0].ratio == 9.5


@pytest.mark.parametrize(
    ("ratio", "options", "said"),
    rest_slow(
        [
            ("nonsense(", [], "pytest measured nothing (ERROR tests/benchmarks/test_walk.py"),
            (
                "1",
                ["--select", "nothing_like_it"],
                "--select 'nothing_like_it': finds no benchmark",
            ),
            ("1", ["--select", "without"], "pytest measured nothing (1 passed, 1 deselected"),
        ],
        1,
    ),
)
def test_where_nothing_is_measured_nothing_is_saved(
    ratio: str,
    options: list[str],
    said: str,
    checkout: Checkout,
    tmp_path: Path,
    xbench_command: Command,
) -> None:
    checkout(ratio)
    code, _, errors = xbench_command("bench", "--history", tmp_path / "saved", *options)
    assert code == 2
    assert said in errors.splitlines()[-1]
    assert "Traceback" not in errors
    assert saved_runs(tmp_path / "saved") == {}


def test_outside_of_a_checkout_it_says_how_to_get_one(
    tmp_path: Path, xbench_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "site-packages" / "xbench" / "testing" / "performance.py"
    monkeypatch.setattr("xbench.testing.performance.__file__", str(file))
    code, _, errors = xbench_command("bench", "--history", tmp_path / "saved")
    assert code == 2
    assert "no tests/benchmarks in it; benchmarks are run from a checkout" in errors
    assert "pip install -e '.[test]'" in errors


def test_without_pytest_benchmark_it_says_what_to_install(
    checkout: Checkout, tmp_path: Path, xbench_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout()
    find = importlib.util.find_spec

    def absent(name: str, *more: Any) -> Any:
        return None if name == "pytest_benchmark" else find(name, *more)

    monkeypatch.setattr("xbench.testing.performance.find_spec", absent)
    code, _, errors = xbench_command("bench", "--history", tmp_path / "saved")
    assert code == 2
    last = errors.splitlines()[-1]
    assert last.endswith("need pytest-benchmark, which is absent: pip install -e '.[test]'")


def test_showing_needs_a_saved_run_and_runs_nothing(
    tmp_path: Path, xbench_command: Command
) -> None:
    history = tmp_path / "saved"
    code, _, errors = xbench_command("bench", "--history", history, "--show")
    assert code == 2
    assert errors == f"xbench: {history}: no saved run; run 'xbench bench' first\n"
    code, _, errors = xbench_command("bench", "--history", history, "--show", "--slow")
    assert code == 2
    assert "--show and --compare run nothing: leave out --slow and --select" in errors


@pytest.mark.parametrize("show", [True, False])
def test_the_one_file_of_an_earlier_xbench_is_refused_and_left_alone(
    show: bool, checkout: Checkout, tmp_path: Path, xbench_command: Command
) -> None:
    checkout()
    history = tmp_path / "bench.json"
    content = '{"format": "xbench-bench", "version": 1, "entries": []}'
    history.write_text(content, encoding="utf-8")
    code, _, errors = xbench_command("bench", "--history", history, *["--show"] * show)
    assert code == 2
    last = errors.splitlines()[-1]
    assert last.startswith(f"xbench: {history}: a file; runs of the benchmarks are saved in a")
    assert last.endswith("name a folder")
    assert history.read_text(encoding="utf-8") == content


def test_a_folder_that_cannot_be_made_is_named_before_anything_is_measured(
    checkout: Checkout, tmp_path: Path, xbench_command: Command
) -> None:
    checkout()
    (tmp_path / "file").write_text("mine")
    code, _, errors = xbench_command("bench", "--history", tmp_path / "file" / "saved")
    assert code == 2
    assert f"{tmp_path / 'file'}: cannot write saved (" in errors
