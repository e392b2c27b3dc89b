from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import xbench

from .workbench import cache, own_folders, small_data, small_surrogate, write_task

__all__ = ["cache", "own_folders", "small_data", "small_surrogate"]

Run = Callable[..., pd.DataFrame]


@pytest.fixture
def run(tmp_path: Path, small_data: Path, small_surrogate: Path) -> Run:
    """`xbench.run` of a task on the small data; the task's fields may be given in `task`."""

    def run_small(task: dict[str, Any] | None = None, **options: Any) -> pd.DataFrame:
        path = write_task(tmp_path, **(task or {}))
        return xbench.run(str(path), data=small_data, checkpoint=small_surrogate, **options)

    return run_small
