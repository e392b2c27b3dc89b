"""A rendering deletes what an earlier one wrote, and nothing that a user has put there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from xbench.leaderboard import render
from xbench.leaderboard.render import WRITTEN


def test_a_users_own_files_stay(make_record: Any, make_task: Any, tmp_path: Path) -> None:
    tasks = {"toy": make_task()}
    records = [make_record("VIP/GAD1", "random", -1.0), make_record("VIP/GAD1", "grids", -2.0)]
    first = render(records, tasks, tmp_path)
    folder = tmp_path
    own = [
        folder / "toy--cortex--cross-modality--figure-of-mine.png",
        folder / "toy--cortex--table1-old.csv",
        folder / "notes.txt",
    ]
    for path in own:
        path.write_text("mine")
    # Another dataset's name: nothing that the first rendering wrote is in use any more.
    other = [replace(record, dataset="other") for record in records]
    second = render(other, tasks, tmp_path, kept=False)
    assert all(path.read_text() == "mine" for path in own)
    gone = set(first) - set(second)
    assert gone
    assert not any(path.exists() for path in gone)
    listed = (folder / WRITTEN).read_text().splitlines()
    assert sorted(folder / name for name in listed) == second


def test_a_list_cannot_lead_out_of_the_folder(
    make_record: Any, make_task: Any, tmp_path: Path
) -> None:
    records = [make_record("VIP/GAD1", "random", -1.0)]
    render(records, {"toy": make_task()}, tmp_path)
    outside = tmp_path / "outside.csv"
    outside.write_text("mine")
    listed = tmp_path / WRITTEN
    listed.write_text(f"../outside.csv\n{outside}\n..\n.\n\n")
    render(records, {"toy": make_task()}, tmp_path)
    assert outside.read_text() == "mine"
