"""Selected features by name, on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xbench.leaderboard import render
from xbench.leaderboard.tables.selected import selected_table


def named(make_record: Any, method: str, names: list[str], repetition: int = 0) -> Any:
    return make_record(
        method=method, L=len(names), repetition=repetition, features=names,
        indices=list(range(len(names))),
    )  # fmt: skip


def test_the_most_often_chosen_come_first_with_their_share(
    make_record: Any, make_runs: Any
) -> None:
    found = [
        named(make_record, "grids", ["chr1:5-9", "chr2:1-4"]),
        named(make_record, "grids", ["chr1:5-9", "chr3:2-3"], repetition=1),
    ]
    table = selected_table(make_runs(found))
    assert table is not None
    (row,) = table.blocks[0].rows
    target, method, features = (cell.text for cell in row)
    assert (target, method) == ("VIP:GAD1", "grids")
    assert features == "chr1:5-9, chr2:1-4 (50%), chr3:2-3 (50%)"


def test_many_are_counted_and_old_runs_have_none(make_record: Any, make_runs: Any) -> None:
    names = [f"p{number}" for number in range(13)]
    table = selected_table(make_runs([named(make_record, "grids", names)]))
    assert table is not None
    assert table.blocks[0].rows[0][2].text.endswith("p9 and 3 more")
    assert selected_table(make_runs([make_record()])) is None


def test_few_rows_stand_on_the_page_and_names_are_escaped(
    make_record: Any, make_task: Any, tmp_path: Path
) -> None:
    render([named(make_record, "grids", ["<b>peak|", "p2"])], {"toy": make_task()}, tmp_path)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "Selected features" in page
    assert "<b>peak" not in page
    assert (tmp_path / "toy--cortex--selected.tex").is_file()
