from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas
import pytest

from xbench.errors import XbenchError
from xbench.results.store import ResultStore


def test_what_is_appended_is_read_back(tmp_path: Path, make_record: Any) -> None:
    store = ResultStore(tmp_path / "new" / "results")
    first, second = make_record("a"), make_record("b", status="oom")
    store.append(first)
    store.append(second)
    assert ResultStore(store.folder).read() == ([first, second], [])


def test_making_the_object_writes_nothing(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "results")
    assert store.records() == []
    assert not store.folder.exists()


def test_prepare_makes_an_empty_store_that_says_what_it_is(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.prepare()
    declared = json.loads((tmp_path / "store.json").read_text())
    assert declared == {"format": "xbench-results", "version": 2}
    assert store.read() == ([], [])
    assert len(store.to_frame()) == 0


def test_the_latest_record_of_a_run_counts(tmp_path: Path, make_record: Any) -> None:
    store = ResultStore(tmp_path)
    for record in (make_record("a", status="failed"), make_record("b"), make_record("a", seed=9)):
        store.append(record)
    assert [(record.run_id, record.seed) for record in store.records()] == [("a", 9), ("b", 7)]
    assert len(store.path.read_text().splitlines()) == 3


def test_finished_runs_are_those_not_to_be_tried_again(tmp_path: Path, make_record: Any) -> None:
    store = ResultStore(tmp_path)
    for status in ("ok", "failed", "timeout", "oom", "skipped"):
        store.append(make_record(status, status=status))
    assert store.finished() == {"ok", "skipped"}


def test_pandas_reads_the_file_by_itself(tmp_path: Path, make_record: Any) -> None:
    store = ResultStore(tmp_path)
    store.append(make_record("1234567890123456", metrics={"rel-delta": math.nan}))
    store.append(make_record("b"))
    frame = pandas.read_json(store.path, lines=True, dtype=False)
    assert list(frame["run_id"]) == ["1234567890123456", "b"]
    assert list(frame["cell_type"]) == ["8", "8"]
    assert frame["metrics"][0] == {"rel-delta": None}


def test_the_frame_has_a_column_for_each_metric(tmp_path: Path, make_record: Any) -> None:
    store = ResultStore(tmp_path)
    store.append(make_record("a", metrics={"rel-delta": -3.5}, parameters={"steps": 5, "k": 1}))
    store.append(make_record("b", metrics={"avg-delta": None}, indices=[7, 8]))
    store.append(make_record("c", status="timeout"))
    frame = store.to_frame().set_index("run_id")
    assert frame.loc["a", "rel-delta"] == -3.5
    assert frame["rel-delta"].isna().tolist() == [False, True, True]
    assert frame["avg-delta"].dtype == float
    assert frame.loc["a", "parameters"] == '{"k": 1, "steps": 5}'
    assert frame.loc["b", "indices"] == [7, 8]
    assert frame["status"].tolist() == ["ok", "ok", "timeout"]
    assert "metrics" not in frame.columns


@pytest.mark.parametrize("version", [3, 99])
def test_a_newer_store_is_refused(tmp_path: Path, version: int) -> None:
    declared = {"format": "xbench-results", "version": version}
    (tmp_path / "store.json").write_text(json.dumps(declared))
    with pytest.raises(XbenchError) as caught:
        ResultStore(tmp_path)
    assert f"the store has version {version}" in str(caught.value)
    assert "reads up to version 2; update xbench" in str(caught.value)


def test_a_store_updated_meanwhile_is_not_appended_to(tmp_path: Path, make_record: Any) -> None:
    store = ResultStore(tmp_path)
    store.append(make_record("a"))
    before = store.path.read_bytes()
    (tmp_path / "store.json").write_text('{"format": "xbench-results", "version": 3}')
    with pytest.raises(XbenchError, match="version 3"):
        store.append(make_record("b"))
    assert store.path.read_bytes() == before


@pytest.mark.parametrize(
    "declared",
    ["", "{", "[]", '{"format": "other", "version": 1}', '{"format": "xbench-results"}', "\xff"],
)
def test_a_folder_of_another_format_is_refused(tmp_path: Path, declared: str) -> None:
    (tmp_path / "store.json").write_text(declared, encoding="latin-1")
    with pytest.raises(XbenchError, match="does not describe a result store"):
        ResultStore(tmp_path)


def test_a_folder_in_other_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(XbenchError, match=r"other files \(thesis.tex\); choose an empty"):
        ResultStore(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_hidden_files_are_no_other_use(tmp_path: Path, make_record: Any) -> None:
    (tmp_path / ".gitignore").write_text("*")
    ResultStore(tmp_path).append(make_record())
    assert len(ResultStore(tmp_path).records()) == 1


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(XbenchError, match="is a file; choose a folder"):
        ResultStore(tmp_path / "file")
    with pytest.raises(XbenchError, match="file"):
        ResultStore(tmp_path / "file" / "below").prepare()
