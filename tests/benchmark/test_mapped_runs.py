"""Runs on data that are mapped from the cache give the records of runs on data in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from xbench.data.prepared import all_prepared

from .workbench import lasting, stored

Run = Callable[..., pd.DataFrame]
METHODS = ["random", "gradient-change", "grids"]


def test_the_same_records(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path / "cache"))
    task = {"methods": METHODS, "subset_sizes": [3, 8], "perturbation": 0.0}
    run(task, store=tmp_path / "memory", jobs=1)
    assert not all_prepared()
    # The process that plans, the one that reads for the workers, and two workers map one copy.
    monkeypatch.setenv("XBENCH_LARGE", "0")
    run(task, store=tmp_path / "mapped", jobs=2)
    assert len(all_prepared()) == 1
    expected, found = (lasting(stored(tmp_path / name)) for name in ("memory", "mapped"))
    assert len(expected) == 2 * len(METHODS)
    assert found == expected
