"""results.csv: what is written is read again, and what is broken is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from xbench.errors import XbenchError
from xbench.leaderboard import merge, read_tidy, tidy, write_tidy


@pytest.fixture
def frame(make_record: Any) -> pd.DataFrame:
    records = [
        make_record("8/3", rel=-1 / 3),
        make_record("8/3", 'NA "a, b"', status="failed", reason="é, <b>"),
    ]
    return tidy(records, {})


def test_round_trip_keeps_six_digits_and_every_name(frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.csv"
    write_tidy(frame, path)
    again = read_tidy(path)
    pd.testing.assert_frame_equal(again, frame, rtol=1e-5)
    assert set(again.cell_type) == {"8", "*"}
    assert "-0.333333," in path.read_text(encoding="utf-8")
    before = path.read_bytes()
    write_tidy(again.iloc[::-1], path)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["results.csv"]


def test_missing_file_is_empty(tmp_path: Path) -> None:
    assert read_tidy(tmp_path / "none.csv").empty


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("task,dataset", "job,data", "not a table of results"),
        (",-0.333333,", ",many,", "could not convert"),
        (",-0.333333,", ",", "shorter"),
    ],
)
def test_broken_file_is_refused_in_one_line(
    frame: pd.DataFrame, tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "results.csv"
    write_tidy(frame, path)
    text = path.read_text(encoding="utf-8")
    number = text[: text.index(old)].count("\n") + 1
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(XbenchError, match=message) as error:
        read_tidy(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    assert number == 1 or f"line {number}:" in str(error.value)


def test_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(XbenchError, match="cannot be read"):
        read_tidy(path)


def test_merge_replaces_a_task_on_a_dataset_whole(make_record: Any) -> None:
    def rows(*records: dict[str, Any]) -> pd.DataFrame:
        return tidy(records, {})

    kept = rows(
        make_record(method="random", rel=-1.0),
        make_record(method="grids", rel=-1.0),
        make_record(rel=-2.0, dataset="other"),
        make_record(rel=-3.0, task="other"),
    )
    fresh = rows(make_record(method="grids", rel=-9.0))
    merged = merge(kept, fresh)
    means = merged[(merged.metric == "rel-delta") & (merged.cell_type == "*")]
    found = means[["task", "dataset", "method", "mean"]].to_numpy().tolist()
    assert found == [
        ["other", "cortex", "grids", -3.0],
        ["toy", "cortex", "grids", -9.0],
        ["toy", "other", "grids", -2.0],
    ]
    pd.testing.assert_frame_equal(merge(kept, fresh.iloc[:0]), kept)
