"""What is read of the files that pytest-benchmark saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xbench.errors import XbenchError
from xbench.testing.performance import saved_runs

EXTRA = {"seconds": 0.5, "ratio": 3.0, "against": "dense", "size": "4 cells"}


def content(day: int, commit: str = "unversioned", dirty: bool = False) -> dict[str, Any]:
    return {
        "datetime": f"2026-01-{day:02}T12:00:00+00:00",
        "commit_info": {"id": commit, "dirty": dirty},
        "benchmarks": [
            {"fullname": "tests/benchmarks/test_walk.py::test_small[2]", "extra_info": EXTRA},
            {"fullname": "tests/benchmarks/test_walk.py::test_without", "extra_info": {}},
        ],
    }


def save(folder: Path, name: str, what: object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(what if isinstance(what, str) else json.dumps(what), encoding="utf-8")
    return path


def test_runs_of_all_machines_are_in_order_of_their_time(tmp_path: Path) -> None:
    newest = save(tmp_path, "Linux-CPython-3.11-64bit/0001_c.json", content(20, "c" * 40))
    oldest = save(tmp_path, "Linux-CPython-3.12-64bit/0002_a.json", content(3))
    middle = save(tmp_path, "Linux-CPython-3.12-64bit/0003_b.json", content(10, "b" * 40, True))
    save(tmp_path, "Linux-CPython-3.12-64bit/notes.json", "mine")
    runs = saved_runs(tmp_path)
    assert list(runs) == [oldest, middle, newest]
    assert [run.commit for run in runs.values()] == [None, "b" * 40 + "-dirty", "c" * 40]
    (one,) = runs[newest].benchmarks
    assert (one.name, one.seconds, one.ratio, one.memory_bytes) == ("walk: small[2]", 0.5, 3, None)


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        ("{", "not JSON"),
        ("[]", "not a run that pytest-benchmark saved"),
        ({"datetime": "2026"}, "(KeyError: 'commit_info')"),
        (content(1) | {"benchmarks": [{"extra_info": EXTRA}]}, "(KeyError: 'fullname')"),
        (
            content(1) | {"benchmarks": [{"fullname": "a", "extra_info": EXTRA | {"ratio": "x"}}]},
            "could not convert string to float",
        ),
    ],
)
def test_a_damaged_file_is_named(damaged: object, said: str, tmp_path: Path) -> None:
    path = save(tmp_path, "Linux/0001_a.json", damaged)
    with pytest.raises(XbenchError) as caught:
        saved_runs(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)
    assert str(caught.value).endswith("move it away")


def test_the_file_of_an_earlier_xbench_is_no_obstacle_to_a_new_store(tmp_path: Path) -> None:
    """Both lay in `results` where nothing else was asked for."""
    from xbench.results.store import ResultStore

    (tmp_path / "bench.json").write_text("{}")
    store = ResultStore(tmp_path)
    store.prepare()
    assert store.records() == []
