"""A baseline's file: what goes in comes out, and a person can read it."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbench.errors import XbenchError
from xbench.regression.file import baseline_path, names_in, read_baseline, to_text, write_baseline
from xbench.regression.snapshot import snapshot

from .recorded import record, records, taken

OLD = Path(__file__).parent / "baseline_version_1.json"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "ci.json"
    write_baseline(file, taken(records(), reference="grids"))
    return file


def refused(path: Path) -> str:
    with pytest.raises(XbenchError) as caught:
        read_baseline(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@given(
    name=st.text(min_size=1),
    value=st.none() | st.floats(-1e9, 1e9),
    seed=st.integers(0, 2**63 - 1),
)
def test_what_goes_in_comes_out(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: float | None, seed: int
) -> None:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return
    whole = snapshot(
        [record(cell_type=name, seed=seed, metrics={"optimality": value}), record(repetition=1)],
        "grids",
    )
    file = tmp_path_factory.mktemp("baseline") / "one.json"
    write_baseline(file, whole)
    assert read_baseline(file) == whole


def test_keys_are_sorted_and_a_run_is_a_line(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list)
    assert [key for key, _ in content] == sorted(key for key, _ in content)
    runs = [line for line in lines if '"repetition"' in line]
    assert len(runs) == 6
    for line in runs:
        keys = [key for key, _ in json.loads(line.rstrip(","), object_pairs_hook=list)]
        assert keys == sorted(keys)


def test_one_changed_run_is_one_changed_line(path: Path) -> None:
    before = path.read_text(encoding="utf-8").splitlines()
    after = to_text(taken(records(((0.9, 0.8, 0.85), (0.5, 0.6, 0.1))), reference="grids"))
    changes = [
        line
        for line in difflib.unified_diff(before, after.splitlines(), n=0, lineterm="")
        if line[0] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert [line[0] for line in changes] == ["-", "+"]
    assert '"optimality": 0.1' in changes[1]


def test_other_seconds_and_another_day_change_no_run(path: Path) -> None:
    again = taken(records(seconds=9.0, created="2030-01-01T00:00:00+00:00"), reference="grids")
    before, after = path.read_text(encoding="utf-8"), to_text(again)
    cut = '"runs": ['
    assert before.split(cut)[1] == after.split(cut)[1]


def test_a_file_of_version_1_is_read_for_ever() -> None:
    read = read_baseline(OLD)
    assert read.header.task == "ci"
    assert read.header.metrics == ["optimality"]
    assert [(run.cell_type, run.repetition, run.metrics) for run in read.runs] == [
        ("VIP", 0, {"optimality": 0.9}),
        ("VIP", 1, {}),
    ]
    assert read.runs[1].reason == "ValueError: broken"
    assert read.speeds[0].ratio == 0.5


def test_a_newer_version_is_refused_in_one_line(path: Path) -> None:
    path.write_text(path.read_text().replace('"version": 1\n', '"version": 2\n'))
    assert "has version 2, this xbench reads up to version 1; update xbench" in refused(path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("xbench-baseline", "xbench-results", "is no baseline"),
        ('"version": 1\n', '"version": true\n', "must be a whole number"),
        ('"L": 2', '"L": "2"', "damaged (runs[0].L: must be a whole number, not '2'"),
        ('"L": 2', '"LL": 2', "damaged (runs[0]"),
        ('"task": "ci",\n', "", "damaged (header.task: is missing)"),
        ('"runs"', '"walks"', "damaged ("),
        ("}\n", "", "truncated or not JSON"),
    ],
)
def test_what_is_no_baseline_is_named(path: Path, old: str, new: str, said: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert said in refused(path)
    assert str(path) in refused(path)


def test_bytes_that_are_no_text_are_named(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")
    assert "truncated or not JSON" in refused(path)


def test_an_unknown_name_gets_the_names_there_are(path: Path) -> None:
    assert "Nearest: ci" in refused(path.with_name("cii.json"))
    assert "no such baseline" in refused(path.parent / "none" / "ci.json")
    assert names_in(path.parent) == ["ci"]


@pytest.mark.parametrize("name", ["", "../ci", "a b", ".ci", "a/b"])
def test_a_name_cannot_leave_the_folder(name: str) -> None:
    with pytest.raises(XbenchError, match="choose another"):
        baseline_path(name)


def test_a_failed_write_leaves_what_was_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    with pytest.raises(XbenchError, match="free some space"):
        write_baseline(path, taken(records()))
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["ci.json"]
