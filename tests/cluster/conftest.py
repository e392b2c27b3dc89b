from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("distributed", reason="Dask is not installed: the extra 'cluster'")

from xbench.benchmark.request import Request
from xbench.benchmark.runner import run_request
from xbench.cluster.cluster_choice import ClusterChoice
from xbench.cluster.cluster_place import ClusterPlace
from xbench.data.load import DataChoice
from xbench.data.read_options import ReadOptions
from xbench.results.store import ResultStore

from ..benchmark.workbench import (
    lasting,
    small_data,
    small_surrogate,
    stored,
    write_method,
    write_task,
)

__all__ = ["small_data", "small_surrogate"]

RunAt = Callable[..., pd.DataFrame]

# Long enough to be disturbed.
DAWDLING = """
    def explain(self, problem):
        time.sleep(0.3)
        return Selection(problem.generator().choice(30, problem.subset_size, replace=False))
"""
TASK = {"repetitions": 10}


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without the trained surrogate that other tests wait for."""
    return tmp_path_factory.mktemp("cluster-cache")


@pytest.fixture(autouse=True)
def own_folders(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read from or written to the user's folders."""
    monkeypatch.setenv("XBENCH_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def place(cache: Path) -> Iterator[ClusterPlace]:
    """One worker in a process of its own, for all tests of a file: it takes seconds to start."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XBENCH_CACHE", str(cache))
        with ClusterPlace(ClusterChoice(kind="local", jobs=1)) as started:
            started.executor()
            yield started


@pytest.fixture
def run_at(tmp_path: Path, small_data: Path, small_surrogate: Path) -> RunAt:
    """Run a task on the small data, on a cluster or (where `place` is None) with two processes."""

    def run(place: ClusterPlace | None, task: dict[str, Any], store: Path, **options: Any) -> Any:
        path = write_task(tmp_path, **task)
        request = Request(
            str(path),
            data=DataChoice(None, ReadOptions(path=small_data)),
            checkpoint=small_surrogate,
            jobs=2,
            elsewhere=place,
            **options,
        )
        return run_request(request, ResultStore(store))

    return run


@pytest.fixture
def words(tmp_path: Path, small_data: Path, small_surrogate: Path) -> list[str]:
    """What follows ``xbench`` to run `TASK`, but for store and place."""
    options = ["--data", str(small_data), "--checkpoint", str(small_surrogate)]
    options += ["--method", write_method(tmp_path, "dawdling", DAWDLING)]
    return ["run", str(write_task(tmp_path, **TASK)), *options]


@pytest.fixture
def here(run_at: RunAt, words: list[str], tmp_path: Path) -> dict[str, dict[str, object]]:
    """The records of two local processes."""
    run_at(None, TASK, tmp_path / "here", method_files=[str(tmp_path / "dawdling.py")])
    return lasting(stored(tmp_path / "here"))
