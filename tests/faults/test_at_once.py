"""Two starts at once, on one store and on one surrogate."""

from __future__ import annotations

import threading
import warnings
from pathlib import Path

import pytest

import xbench
from xbench.benchmark.execute import one_thread
from xbench.errors import XbenchWarning
from xbench.results.store import ResultStore
from xbench.surrogates.obtain import train_surrogate
from xbench.utils.progress import Progress

from ..benchmark.workbench import FEW_STEPS, stored
from .commands import QUICK, end_of, started


# Starts in threads of one process share a store in tests/benchmark/test_isolation.py.
@pytest.mark.slow
@pytest.mark.usefixtures("sabotage")
def test_two_starts_at_once_share_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They make the store in the same instant, and share the runs: none is carried out twice."""
    (tmp_path / "meeting").mkdir()
    monkeypatch.setenv("MEET_IN", str(tmp_path / "meeting"))
    store = tmp_path / "store"
    command = (*QUICK, "--jobs", 1, "--store", store)
    with started(*command) as one, started(*command) as other:
        ends = [end_of(one), end_of(other)]
    # The two, and their workers.
    assert len(list((tmp_path / "meeting").iterdir())) >= 2
    for end in ends:
        assert (end.code, end.lines) == (0, [])
        assert "3 runs to do\n" in end.errors or "finished before" in end.errors
    # Which of the two is quicker is not told.
    assert sorted(record.repetition for record in stored(store)) == [0, 1, 2]
    lines = (store / "runs.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3


@pytest.mark.parametrize("looks", [1, 2])
def test_a_store_made_meanwhile_is_a_store(
    looks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another makes the store after one's first or second look (in this process, to be sure)."""
    folder = tmp_path / "store"
    folder.mkdir()
    exists, asked = Path.exists, []

    def look_and_make(path: Path) -> bool:
        answer = exists(path)
        asked.append(path)
        if len(asked) == looks:
            monkeypatch.undo()
            ResultStore(folder).prepare()
        return answer

    monkeypatch.setattr(Path, "exists", look_and_make)
    ResultStore(folder)
    ResultStore(folder)
    assert asked[0] == folder
    assert len(asked) == looks
    assert (folder / "runs.jsonl").exists()


def test_two_that_need_one_surrogate_train_it_once(tmp_path: Path, small_data: Path) -> None:
    """Two threads of this process; the lock is that of the system, held by an open file."""
    dataset = xbench.load_dataset(data=small_data)
    trained: list[str] = []
    folders: list[Path] = []
    inside, goes_on = threading.Event(), threading.Event()

    class Pausing(Progress):
        def advanced(self, work: str, done: int, note: str = "") -> None:
            trained.append(threading.current_thread().name)
            inside.set()
            assert goes_on.wait(300)

    def train() -> None:
        folder = tmp_path / "surrogate"
        folders.append(
            train_surrogate(dataset, settings=FEW_STEPS, folder=folder, progress=Pausing())
        )

    first, second = (threading.Thread(target=train, name=name) for name in ("first", "second"))
    with one_thread(), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        first.start()
        assert inside.wait(300)
        second.start()
        second.join(0.3)
        assert second.is_alive()
        goes_on.set()
        for thread in (first, second):
            thread.join(300)
    assert set(trained) == {"first"}
    assert folders == [tmp_path / "surrogate"] * 2
    (said,) = (one.message for one in warned if isinstance(one.message, XbenchWarning))
    assert "another process is training this surrogate; waiting for it" in str(said)
