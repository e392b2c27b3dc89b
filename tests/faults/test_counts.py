"""The kill and fuzz scripts, at a small count and, on purpose, at the full one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..slow_rest import rest_slow
from . import fuzz, kills
from .report import PAGE, write_counts


# By default one kill of each kind: test_killed.py and tests/benchmark/test_killed_start.py.
@pytest.mark.slow
@pytest.mark.parametrize("count", [30, kills.FULL])
def test_nothing_is_lost_by_kills(count: int, tmp_path: Path) -> None:
    done = kills.kill(count, 0, tmp_path)
    assert done.wrong == []
    assert sum(done.counts.values()) == count
    assert set(done.counts) == set(kills.KILLED.values())


@pytest.mark.parametrize("count", rest_slow([30, 150, fuzz.FULL], 1))
def test_spoiled_files_are_taken_or_refused_in_one_line(count: int, tmp_path: Path) -> None:
    found = fuzz.fuzz(count, 0, tmp_path)
    assert found.wrong == []
    assert sum(found.counts.values()) == count
    assert {outcome for _, outcome in found.counts} == set(fuzz.OUTCOMES)
    # A file that is always refused would be one that nobody can read.
    refused = {kind for kind, outcome in found.counts if outcome == "refused"}
    assert len(refused) > len(found.kinds) / 2


def test_counts_are_written_between_their_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("kills", "fuzz"):
        write_counts(name, [f"new {name}"], page)
        write_counts(name, [f"newer {name}"], page)
    text = page.read_text(encoding="utf-8")
    assert "new kills" not in text
    assert text.index("newer kills") < text.index("newer fuzz")
    with pytest.raises(ValueError, match="has no marks '<!-- other -->'"):
        write_counts("other", [], page)
