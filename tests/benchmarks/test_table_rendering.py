"""The whole leaderboard of many records against writing and reading the records as JSON.

pytest tests/benchmarks/test_table_rendering.py -s
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from xbench.leaderboard import render
from xbench.results.record import Record

from ..leaderboard.conftest import ToyTask, build_record
from .side_by_side import side_by_side, timed

# About half of what was measured: rows, intervals, tests, figures, some 20 files synchronised.
RATIO = 0.015
METHODS = ("random", "saliency", "gradient-change", "grids", "sage")
TARGETS = ("VIP/GAD1", "VIP/GAD2", "Oligo/MOG")


def records() -> list[Record]:
    effects = iter(np.random.default_rng(0).normal(-10, 2, 1000))
    return [
        build_record(target, method, float(next(effects)), L=size, repetition=repetition)
        for target in TARGETS
        for method in METHODS
        for size in (10, 128)
        for repetition in range(10)
    ]


def test_a_leaderboard_of_300_records(benchmark: Any, tmp_path: Path) -> None:
    runs = records()
    tasks = {"toy": ToyTask(subset_sizes=(10, 128), method_labels=METHODS)}
    files = render(runs, tasks, tmp_path / "first")
    assert any(path.suffix == ".tex" for path in files)
    plain = [asdict(run) for run in runs]
    ratio = side_by_side(
        benchmark,
        timed(lambda: render(runs, tasks, tmp_path / "again")),
        timed(lambda: [json.loads(json.dumps(run)) for run in plain], repeat=5),
        against="the records to JSON and back",
        size=f"{len(runs)} records, {len(files)} files",
        rounds=3,
    )
    assert ratio >= RATIO
