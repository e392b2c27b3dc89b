"""`xbench data prepared`: what the cache keeps of large data, and removing it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from xbench.data.prepared import DESCRIPTION, keep_prepared, open_prepared

from ..small_datasets import small_multiome
from .conftest import Command


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path / "cache"))


def test_shown_and_removed(xbench_command: Command) -> None:
    one, other = small_multiome(), small_multiome(seed=1)
    folders = [keep_prepared(dataset) for dataset in (one, other)]
    said = xbench_command("data", "prepared")
    assert said.code == 0
    assert said.out.count("small, 180 cells x 56 features") == 2
    assert "2 prepared" in said.out
    (folders[1] / DESCRIPTION).write_text("{}")
    assert "broken" in xbench_command("data", "prepared", other.digest[:8]).out
    gone = xbench_command("data", "prepared", other.digest[:8], "--clear")
    assert gone.code == 0
    assert "1 removed" in gone.out
    assert not folders[1].exists()
    assert open_prepared(one.digest) is not None
    assert "1 removed" in xbench_command("data", "prepared", "--clear").out
    assert "0 prepared" in xbench_command("data", "prepared").out


def test_what_is_not_there_is_one_line(refused: Callable[..., str]) -> None:
    assert "no prepared data begin with 'ab'" in refused("data", "prepared", "ab", "--clear")
