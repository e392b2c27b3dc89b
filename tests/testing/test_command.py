"""`xbench bench` from its process of pytest to its table and picture."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xbench.testing.performance import Measurement, SuiteRun, add_entry, read_history

Command = Callable[..., tuple[int, str, str]]
Checkout = Callable[..., Path]


def test_what_was_measured_is_kept_and_shown(
    checkout: Checkout, tmp_path: Path, xbench_command: Command
) -> None:
    checkout()
    history = tmp_path / "new" / "bench.json"
    code, out, _ = xbench_command("bench", "--history", history)
    assert code == 0
    (entry,) = read_history(history)
    assert entry.benchmarks == [
        Measurement("walk: fast", 0.25, 12.5, "dense", "4 cells", 3 * 2**20)
    ]
    assert entry.commit is None
    assert entry.machine.endswith("cores")
    row = next(line for line in out.splitlines() if line.startswith("walk: fast"))
    assert row.split() == ["walk:", "fast", "12.5", "0.25", "3.0", "MB", "dense;", "4", "cells"]
    assert xbench_command("bench", "--history", history, "--show") == (0, out, "")


def test_a_ratio_below_its_gate_is_kept_and_ends_with_one(
    checkout: Checkout, tmp_path: Path, xbench_command: Command
) -> None:
    checkout("9.5")
    code, out, errors = xbench_command("bench", "--history", tmp_path / "bench.json")
    assert code == 1
    assert "9.5" in out
    assert "FAILED tests/benchmarks/test_walk.py::test_fast" in errors
    assert read_history(tmp_path / "bench.json")[0].benchmarks[0].ratio == 9.5


@pytest.mark.parametrize(
    ("ratio", "options", "said"),
    [
        ("1", ["--select", "nothing_like_it"], "--select 'nothing_like_it': finds no benchmark"),
        ("nonsense(", [], "pytest measured nothing (ERROR tests/benchmarks/test_walk.py"),
        ("1", ["--select", "without"], "pytest measured nothing (1 passed, 1 deselected"),
    ],
)
def test_where_nothing_is_measured_nothing_is_kept(
    ratio: str,
    options: list[str],
    said: str,
    checkout: Checkout,
    tmp_path: Path,
    xbench_command: Command,
) -> None:
    checkout(ratio)
    code, _, errors = xbench_command("bench", "--history", tmp_path / "bench.json", *options)
    assert code == 2
    assert said in errors.splitlines()[-1]
    assert "Traceback" not in errors
    assert not (tmp_path / "bench.json").exists()


def test_outside_of_a_checkout_it_says_how_to_get_one(
    tmp_path: Path, xbench_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    import xbench

    monkeypatch.setattr(xbench, "__file__", str(tmp_path / "site-packages/xbench/__init__.py"))
    code, _, errors = xbench_command("bench", "--history", tmp_path / "bench.json")
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

    monkeypatch.setattr("xbench.testing.performance_suite.find_spec", absent)
    code, _, errors = xbench_command("bench", "--history", tmp_path / "bench.json")
    assert code == 2
    last = errors.splitlines()[-1]
    assert last.endswith("need pytest-benchmark, which is absent: pip install -e '.[test]'")


def test_showing_and_drawing_need_a_history_and_run_nothing(
    tmp_path: Path, xbench_command: Command
) -> None:
    history = tmp_path / "bench.json"
    for options in (["--show"], ["--plot", tmp_path / "p.png"]):
        code, _, errors = xbench_command("bench", "--history", history, *options)
        assert code == 2
        assert errors == f"xbench: {history}: no such history; run 'xbench bench' first\n"
    code, _, errors = xbench_command("bench", "--history", history, "--show", "--slow")
    assert code == 2
    assert "run nothing: leave out --slow and --select" in errors


def test_the_picture_is_named_and_written(tmp_path: Path, xbench_command: Command) -> None:
    pytest.importorskip("matplotlib")
    history = tmp_path / "bench.json"
    one = Measurement("walk: fast", 0.25, 12.5, "dense", "4 cells")
    add_entry(history, SuiteRun("2026-01-31T12:00:00+00:00", None, "m", {}, [one]))
    code, out, _ = xbench_command("bench", "--history", history, "--plot", tmp_path / "p.svg")
    assert code == 0
    assert out.split() == [str(tmp_path / "p.png"), str(tmp_path / "p.svg")]
    code, _, errors = xbench_command("bench", "--history", history, "--plot", tmp_path / "p.pdf")
    assert code == 2
    assert "p.pdf: must end in one of: .png, .svg" in errors
