"""Runs as Parquet: what DuckDB and pandas read is what the store holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from xbench.errors import XbenchError
from xbench.results.record import Record
from xbench.results.run_table import write_parquet

pytest.importorskip("pyarrow", reason="pyarrow is not installed: the extra 'tables'")
MakeRecord = Callable[..., Record]


@pytest.fixture
def records(make_record: MakeRecord) -> list[Record]:
    one = make_record("0" * 16)
    failed = replace(
        one, run_id="f" * 16, status="failed", reason="no room", metrics={}, indices=[], features=[]
    )
    other = replace(one, run_id="a" * 16, metrics={"rel-delta": -1.5, "avg-delta": None})
    return [one, failed, other]


def test_every_run_is_a_row_with_its_metrics_as_columns(
    records: list[Record], tmp_path: Path
) -> None:
    import pandas as pd

    path = tmp_path / "new" / "runs.parquet"
    write_parquet(records, path)
    frame = pd.read_parquet(path)
    assert frame["run_id"].tolist() == [one.run_id for one in records]
    assert frame["status"].tolist() == [one.status for one in records]
    assert frame["metric:rel-delta"].tolist()[2] == -1.5
    assert frame["metric:rel-delta"].isna().tolist()[1]
    assert frame["metric:avg-delta"].isna().tolist()[2]
    assert [list(one) for one in frame["indices"]] == [one.indices for one in records]
    for row, record in zip(frame.to_dict("records"), records, strict=True):
        assert json.loads(row["parameters"]) == record.parameters
        assert json.loads(row["trace"]) == record.trace
        assert row["seconds"] == record.seconds
    assert [one.name for one in path.parent.iterdir()] == ["runs.parquet"]


def test_a_folder_that_cannot_be_written_is_one_line(records: list[Record], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(XbenchError, match=r"file: cannot write runs\.parquet"):
        write_parquet(records, tmp_path / "file" / "runs.parquet")
