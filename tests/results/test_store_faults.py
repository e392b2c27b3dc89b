"""What may happen to a writer: each fault is made to happen, in a real process where it can."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from xbench.errors import XbenchError
from xbench.results.store import ResultStore

SIZE = 100_000


def start(writing_process: Path, folder: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(writing_process), str(folder), *map(str, arguments)]
    pipe = subprocess.PIPE
    writer = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert writer.stdout
    assert writer.stdout.readline() == "ready\n"
    return writer


def go(writer: subprocess.Popen[str]) -> None:
    assert writer.stdin
    writer.stdin.write("\n")
    writer.stdin.flush()


def test_killed_writers_lose_nothing_finished(
    tmp_path: Path, writing_process: Path, make_record: Any
) -> None:
    """Some 50 writes a record, so that a kill falls into the middle of one nearly always."""
    delays = random.Random(1)
    finished: list[str] = []
    torn = 0
    for turn in range(5):
        with start(writing_process, tmp_path, f"{turn}-", 10_000, SIZE, 0, 2000) as writer:
            go(writer)
            assert writer.stdout
            said = [writer.stdout.readline()]
            time.sleep(delays.uniform(0, 0.2))
            writer.send_signal(signal.SIGKILL)
            # The last line may be cut short by the kill: only whole lines are promises.
            said += writer.stdout.readlines()
        assert writer.returncode == -signal.SIGKILL
        finished += [line.strip() for line in said if line.endswith("\n")]
        records, problems = ResultStore(tmp_path).read()
        assert problems == []
        torn += not (tmp_path / "runs.jsonl").read_bytes().endswith(b"\n")
        # At most one more than was said: written, and killed before saying so.
        stored = [record.run_id for record in records]
        assert set(finished) <= set(stored)
        assert len(stored) <= len(finished) + turn + 1
        assert all(len(record.parameters["padding"]) == SIZE for record in records)
    assert torn > 0
    ResultStore(tmp_path).append(make_record("last"))
    records, problems = ResultStore(tmp_path).read()
    assert problems == []
    assert set(finished) | {"last"} <= {record.run_id for record in records}


def test_two_processes_append_at_once(tmp_path: Path, writing_process: Path) -> None:
    writers = [start(writing_process, tmp_path, name, 200, 1000) for name in ("left", "right")]
    for writer in writers:
        go(writer)
    for writer in writers:
        _, trouble = writer.communicate(timeout=60)
        assert writer.returncode == 0, trouble
    records, problems = ResultStore(tmp_path).read()
    assert problems == []
    names = [record.run_id for record in records]
    assert sorted(names) == sorted(f"{name}{i}" for name in ("left", "right") for i in range(200))
    # They did run at once: neither wrote all of its records before the other.
    sides = [name.startswith("left") for name in names]
    assert sides != sorted(sides)
    assert sides != sorted(sides, reverse=True)


def test_a_full_disk_stores_a_record_whole_or_not_at_all(
    tmp_path: Path, writing_process: Path, make_record: Any
) -> None:
    writer = start(writing_process, tmp_path, "r", 100, 4000, 20_000)
    said, trouble = writer.communicate("\n", timeout=60)
    finished = said.split()
    assert writer.returncode == 1
    assert trouble.count("\n") == 1
    assert f"{tmp_path}: cannot write runs.jsonl (File too large); free some space" in trouble
    content = (tmp_path / "runs.jsonl").read_bytes()
    assert content.endswith(b"\n")
    assert 10_000 < len(content) < 20_000
    store = ResultStore(tmp_path)
    assert [record.run_id for record in store.records()] == finished
    store.append(make_record("after"))
    assert len(store.records()) == len(finished) + 1


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_torn_last_line_is_ignored_and_then_cut_off(
    tmp_path: Path, make_record: Any, share: float
) -> None:
    store = ResultStore(tmp_path)
    store.append(make_record("a"))
    line = make_record("torn").to_json()
    with store.path.open("a") as file:
        file.write(line[: 1 + int(share * (len(line) - 2))])
    assert store.read() == ([make_record("a")], [])
    store.append(make_record("b"))
    assert store.read() == ([make_record("a"), make_record("b")], [])
    assert len(store.path.read_text().splitlines()) == 2


def test_a_last_line_that_only_lacks_its_newline_is_kept(tmp_path: Path, make_record: Any) -> None:
    store = ResultStore(tmp_path)
    store.append(make_record("a"))
    store.path.write_bytes(store.path.read_bytes().rstrip(b"\n"))
    assert store.finished() == {"a"}
    store.append(make_record("b"))
    assert store.finished() == {"a", "b"}


@pytest.mark.parametrize(
    "damage", [b"\x00" * 50, b"{}", b"\xff\xfe", b'{"run_id": "a"', b'{"of_the_future": 1}']
)
def test_a_corrupt_line_is_reported_and_the_others_are_read(
    tmp_path: Path, make_record: Any, damage: bytes
) -> None:
    store = ResultStore(tmp_path)
    store.append(make_record("a"))
    with store.path.open("ab") as file:
        file.write(damage + b"\n")
    store.append(make_record("b"))
    records, problems = store.read()
    assert [record.run_id for record in records] == ["a", "b"]
    assert [problem.line for problem in problems] == [2]
    assert str(problems[0]).startswith(f"{store.path}:2: not a record (")
    with pytest.warns(UserWarning, match=r"runs.jsonl:2: not a record"):
        assert store.finished() == {"a", "b"}
    assert damage in store.path.read_bytes()


def test_a_read_only_store_is_read_but_not_written(
    open_folder: Path, make_record: Any, as_plain_user: Any
) -> None:
    folder = open_folder / "results"
    ResultStore(folder).append(make_record("a"))
    for path in (*folder.iterdir(), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = (folder / "runs.jsonl").read_bytes()
    with as_plain_user():
        store = ResultStore(folder)
        assert store.finished() == {"a"}
        for write in (store.prepare, lambda: store.append(make_record("b"))):
            with pytest.raises(XbenchError, match="choose a folder you may write to") as caught:
                write()
            assert str(caught.value).startswith(f"{folder}: cannot write runs.jsonl")
    assert (folder / "runs.jsonl").read_bytes() == before


def test_a_store_that_may_not_be_read_says_so(open_folder: Path, as_plain_user: Any) -> None:
    folder = open_folder / "results"
    ResultStore(folder).prepare()
    folder.chmod(0o000)
    with as_plain_user(), pytest.raises(XbenchError, match="cannot be read"):
        ResultStore(folder)


def test_a_store_below_a_read_only_folder_is_not_made(
    open_folder: Path, as_plain_user: Any
) -> None:
    open_folder.chmod(0o555)
    with as_plain_user(), pytest.raises(XbenchError, match=r"cannot write runs.jsonl"):
        ResultStore(open_folder / "new").prepare()
    assert list(open_folder.iterdir()) == []
