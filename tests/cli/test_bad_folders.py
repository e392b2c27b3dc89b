"""Folders that cannot be used: one line, and what is in them stays as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Refused = Callable[..., str]
RUN = ("run", "quick", "--methods", "random", "--jobs", "1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A regular file: nothing can be made below it, by root neither."""
    path = tmp_path / "file"
    path.write_text("mine")
    return path


def test_a_store_of_a_newer_version_is_refused_by_run_and_by_leaderboard(
    refused: Refused, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "store.json").write_text(json.dumps({"format": "xbench-results", "version": 99}))
    (store / "runs.jsonl").write_text("{}\n")
    for command in (RUN, ("leaderboard",)):
        line = refused(*command, "--store", store)
        assert "the store has version 99, this xbench reads up to version" in line
        assert line.endswith("update xbench")


def test_a_store_that_cannot_be_made_is_refused(refused: Refused, file: Path) -> None:
    for store in (file / "store", file / "deep" / "store"):
        assert str(file) in refused(*RUN, "--store", store)
    assert f"{file}: is a file; choose a folder" in refused(*RUN, "--store", file)


def test_a_folder_with_something_else_in_it_is_no_store(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").touch()
    line = refused(*RUN, "--store", tmp_path / "home")
    assert "not a result store, but has other files (thesis.tex); choose an empty" in line


def test_a_leaderboard_that_cannot_be_written_is_refused(
    xbench_command: Callable[..., tuple[int, str, str]], refused: Refused, file: Path
) -> None:
    assert xbench_command(*RUN)[0] == 0
    line = refused("leaderboard", "--out", file)
    assert str(file) in line


def test_a_store_without_records_is_no_leaderboard(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    line = refused("leaderboard", "--store", tmp_path / "empty")
    assert "holds no records; run 'xbench run TASK --store" in line


def test_train_does_not_delete_a_folder_that_holds_something_else(
    refused: Refused, tmp_path: Path
) -> None:
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.tex").write_text("years of work")
    for again in ([], ["--again"]):
        assert str(folder) in refused("train", "mnist-binary", "--out", folder, *again)
    assert (folder / "chapter.tex").read_text() == "years of work"


def test_train_does_not_pass_off_another_surrogate_as_the_one_asked_for(
    refused: Refused, tmp_path: Path, small_data: Path, small_surrogate: Path
) -> None:
    asked = ("train", "--data", small_data, "--out", small_surrogate)
    assert "--again" in refused(*asked, "--seed", 5)
    assert "--again" in refused(*asked, "--split", "reference")
