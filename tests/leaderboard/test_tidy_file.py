"""results.csv: six digits, every name, and the runs behind the row of one target."""

from __future__ import annotations

import csv
import io
from typing import Any

import pandas as pd
import pytest

from xbench.leaderboard import TidyRow, tidy, tidy_text
from xbench.results.record import Record


@pytest.fixture
def records(make_record: Any) -> list[Record]:
    return [
        make_record("8/3", rel=-1 / 3),
        make_record("8/3", rel=-1 / 3, repetition=1),
        make_record("8/3", 'NA "a, b"', status="failed", reason="é, <b>"),
    ]


def test_another_reader_finds_every_number_and_name(records: list[Record]) -> None:
    rows = tidy(records, {})
    text = tidy_text(rows)
    again = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    assert list(again.columns) == list(TidyRow._fields)
    assert set(again.cell_type) == {"8", "*"}
    assert set(again.method) == {"grids", 'NA "a, b"'}
    assert "-0.333333," in text
    numbers = pd.to_numeric(again["mean"], errors="coerce")
    assert numbers.tolist() == pytest.approx([row.mean for row in rows], rel=1e-5, nan_ok=True)


def test_the_order_of_rows_does_not_matter(records: list[Record]) -> None:
    rows = tidy(records, {})
    assert tidy_text(rows[::-1]) == tidy_text(rows)


def test_every_row_of_a_target_names_its_runs(records: list[Record]) -> None:
    lines = list(csv.DictReader(io.StringIO(tidy_text(tidy(records, {})))))
    ids = [record.run_id for record in records]
    for line in lines:
        wanted = "" if line["target"] == "*" else " ".join(ids[:2])
        if line["method"] != "grids":
            wanted = wanted and ids[2]
        assert line["runs"] == wanted
    assert any(line["runs"] for line in lines)
