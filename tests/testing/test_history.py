"""The file that keeps what was measured."""

from __future__ import annotations

import json
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.errors import XbenchError
from xbench.testing.performance import Measurement, SuiteRun, add_entry, read_history

DAY = "2026-01-31T12:00:00+00:00"
SPEED = Measurement("walk: small", 0.004, 12.3, "dense", "4 cells", 2**20)
positive = st.floats(1e-9, 1e9)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=9)
measured = st.builds(
    Measurement, words, positive, positive, words, words, st.none() | st.integers(0, 2**40)
)
entries = st.builds(
    SuiteRun,
    words,
    st.none() | words,
    words,
    st.dictionaries(words, words, max_size=2),
    st.lists(measured, max_size=3),
)


@settings(deadline=None, max_examples=15)
@given(st.lists(entries, min_size=1, max_size=3))
def test_what_is_added_is_read_back_in_order(given_entries: list[SuiteRun]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.json"
        for entry in given_entries:
            add_entry(path, entry)
        assert read_history(path) == given_entries


def test_each_benchmark_is_a_line_and_each_entry_adds_lines_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "bench.json"
    add_entry(path, SuiteRun(DAY, "abc", "m", {}, [SPEED, SPEED]))
    first = path.read_text(encoding="utf-8").splitlines()
    add_entry(path, SuiteRun(DAY, None, "m", {}, [SPEED]))
    second = path.read_text(encoding="utf-8").splitlines()
    assert json.loads("\n".join(second))["format"] == "xbench-bench"
    assert sum('"ratio": 12.3' in line for line in second) == 3
    # Of the earlier lines only the last closing bracket gets a comma.
    assert second[: len(first) - 2] == first[:-2]
    assert second[len(first) - 2] == first[-2] + ","


def test_two_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"

    def add(name: str) -> None:
        for number in range(5):
            add_entry(path, SuiteRun(DAY, f"{name}{number}", "m"))

    threads = [threading.Thread(target=add, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = [entry.commit for entry in read_history(path)]
    assert sorted(kept) == sorted(f"{name}{number}" for name in "ab" for number in range(5))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[]", "not a history of benchmarks"),
        ('{"format": "xbench-results", "version": 1}', "not a history of benchmarks"),
        ('{"format": "xbench-bench", "version": 2}', "version 2, this xbench reads up to"),
        ('{"format": "xbench-bench"}', "version None"),
        ('{"format": "xbench-bench", "version": 1}', "entries: must be a list, not None"),
        (
            '{"format": "xbench-bench", "version": 1, "entries": [{"date": "x"}]}',
            "entries[0].commit: is missing",
        ),
    ],
)
def test_what_is_no_history_is_refused_and_left_alone(
    content: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "bench.json"
    path.write_text(content, encoding="utf-8")
    for use in (lambda: read_history(path), lambda: add_entry(path, SuiteRun(DAY, None, "m"))):
        with pytest.raises(XbenchError) as caught:
            use()
        assert str(caught.value).startswith(f"{path}: ")
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
    assert path.read_text(encoding="utf-8") == content


def test_a_history_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(XbenchError, match=r"file: cannot write bench.json \("):
        add_entry(tmp_path / "file" / "bench.json", SuiteRun(DAY, None, "m"))


def test_the_history_is_no_obstacle_to_a_new_store(tmp_path: Path) -> None:
    """Both lie in `results` where nobody says otherwise."""
    from xbench.results.store import ResultStore

    add_entry(tmp_path / "bench.json", SuiteRun(DAY, None, "m"))
    store = ResultStore(tmp_path)
    store.prepare()
    assert store.records() == []
