"""No cell of a CSV file is a formula to a spreadsheet, and numbers stay numbers."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbench.leaderboard import tidy, tidy_text
from xbench.leaderboard.formats.spreadsheet import csv_text
from xbench.utils.text import shown


@pytest.mark.parametrize(
    "cell",
    ["=HYPERLINK(1)", "@SUM(A1)", "+cmd|' /C calc'!A0", "-1+cmd|x", "\t=1", "\r=1", " =1", "＝1"],
)
def test_formulas_are_text(cell: str) -> None:
    assert csv_text([[cell]]).lstrip('"').startswith("'")


@pytest.mark.parametrize("cell", ["-0.5", "+1.2e-05", "-0.53 ± 0.02", "-12.5%", "-", "–", "-1 (3)"])
def test_numbers_and_dashes_stay(cell: str) -> None:
    assert csv_text([[cell]]) == f"{cell}\n"


printable = st.characters(codec="utf-8", exclude_categories=["Cs"])


@given(st.lists(st.text(printable, max_size=12), min_size=1, max_size=4))
def test_no_cell_begins_as_a_formula_and_all_can_be_read_back(cells: list[str]) -> None:
    read = next(csv.reader(io.StringIO(csv_text([cells]), newline="")), [""])
    assert [cell for cell in read if cell.lstrip(" ").startswith(("=", "@"))] == []
    assert [cell.removeprefix("'") for cell in read] == [
        shown(cell).removeprefix("'") for cell in cells
    ]


def test_names_of_methods_in_the_results(make_record: Any) -> None:
    rows = csv.DictReader(io.StringIO(tidy_text(tidy([make_record("8/3", "=1+1")], {}))))
    assert {row["method"] for row in rows} == {"'=1+1"}
