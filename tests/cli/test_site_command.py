"""``xbench site``: what it refuses, and what it makes of a store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from xbench.results.record import Record
from xbench.results.store import ResultStore

Refused = Callable[..., str]


def test_stores_and_the_published_runs_exclude_each_other(refused: Refused, tmp_path: Path) -> None:
    line = refused("site", "--store", tmp_path, "--published")
    assert line == "--store and --published exclude each other: leave one of them out"


def test_a_store_that_is_not_there_is_refused(refused: Refused, tmp_path: Path) -> None:
    line = refused("site", "--store", tmp_path / "none", "--out", tmp_path / "site")
    assert line.startswith(f"{tmp_path / 'none'}: no such folder; run 'xbench run TASK")


def test_published_runs_are_of_a_checkout(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    line = refused("site", "--published")
    assert line.endswith("holds no runs; go to a checkout of xbench, or name a --store")


def test_two_stores_become_one_site(
    xbench_command: Callable[..., tuple[int, str, str]],
    make_record: Callable[..., Record],
    tmp_path: Path,
) -> None:
    for number, name in enumerate(("mine", "theirs")):
        record = make_record(run_id=f"{number:016x}", method=f"method-{number}")
        ResultStore(tmp_path / name).append(record)
    stores = [part for name in ("mine", "theirs") for part in ("--store", tmp_path / name)]
    ended = xbench_command("site", *stores, "--out", tmp_path / "site", "--no-data")
    assert ended.code == 0, ended.err
    assert f"open {tmp_path / 'site' / 'index.html'} in a browser" in ended.out
    overview = (tmp_path / "site" / "data" / "overview.js").read_text()
    assert "method-0" in overview
    assert "method-1" in overview
    compared = [path.read_text() for path in (tmp_path / "site" / "data" / "compare").iterdir()]
    assert any(str(tmp_path / "theirs") in text for text in compared)
