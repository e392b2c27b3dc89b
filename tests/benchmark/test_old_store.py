"""A store of an older xbench, whose ids held the bytes of methods' files, is given new ids.

``old/store`` was written by xbench at commit 458fd25, the last one with such ids, but for its last
four lines and its findings, which are of the leaderboard that was published then.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from xbench.benchmark.old_store import old_method_digest, opened_store, renamed, upgrade_store
from xbench.benchmark.plan import RunKey, expand, run_id
from xbench.benchmark.task import MethodSpec, Task, known_tasks
from xbench.cli import main
from xbench.errors import XbenchError, XbenchWarning
from xbench.registry.find import find, methods_from_file
from xbench.results import store as store_module
from xbench.results.findings import read_findings
from xbench.results.record import Record
from xbench.results.store import ResultStore

from . import migrate
from .workbench import explaining, stored, write_method

OLD = Path(__file__).parent / "old"
NEW = ("run_id", "method_version", "n_features")
Run = Callable[..., pd.DataFrame]


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(shutil.copytree(OLD / "store", tmp_path / "store"))


def records_of(lines: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.splitlines()]


def asked(task: Task, record: dict[str, Any]) -> RunKey:
    """The question of an old record, from what is known of how the store was made."""
    own_file = record["method"] in ("first-features", "broken-here")
    method = MethodSpec(name=record["method"]) if own_file else record["method"]
    keys = expand(task, methods=[method], subset_sizes=[record["L"]])
    wanted = [record[name] for name in ("cell_type", "target", "method", "repetition")]
    by_name = {
        (key.cell_type, key.target, key.method, key.repetition): key
        for key in [
            *keys,
            *expand(task, methods=[method], subset_sizes=[record["L"]], repetitions=2),
        ]
    }
    seconds = 600.0 if record["method"] in ("lime", "cxplain") else None
    return replace(by_name[tuple(wanted)], budget_seconds=0.05 if record["stopped"] else seconds)


def test_every_run_gets_the_id_that_it_would_have_now(store: ResultStore) -> None:
    before = records_of(store.path.read_bytes())
    tasks = known_tasks(store)
    with pytest.warns(XbenchWarning) as told:
        upgrade_store(store)
    (line,) = [str(one.message) for one in told]
    assert line == f"{store.folder}: 22 runs of an older xbench were read; 22 have new ids"
    after = records_of(store.path.read_bytes())
    for old, new in zip(before, after, strict=True):
        digests = (old["dataset_digest"], old["surrogate_digest"])
        assert new["run_id"] == run_id(asked(tasks[old["task"]], old), *digests)
        assert new["run_id"] != old["run_id"]
        assert new["method_version"] == 1
        known = {"quick": 784, "own-task": 784, "table1": 127_219}
        expected = 25_734 if old["dataset"] == "snare-cortex" else known[old["task"]]
        assert new["n_features"] == expected
        assert {name: new[name] for name in new if name not in NEW} == {
            name: old[name] for name in old if name != "run_id"
        }
    assert len({new["run_id"] for new in after}) == 22
    # A run with a budget and one without are two still.
    grids = [one for one in after if (one["task"], one["method"]) == ("quick", "grids")]
    assert [bool(one["stopped"]) for one in grids] == [False, False, True]


def test_what_old_records_name_as_their_methods_digest(store: ResultStore) -> None:
    """Of the file that the old store's own method was in, and of a shipped one."""
    own_file = hashlib.sha256((OLD / "first_features.py").read_bytes()).hexdigest()[:16]
    by_method = {one.method: one.method_digest for one in stored(store.folder)}
    assert by_method["first-features"] == old_method_digest(own_file, {})
    assert by_method["first-features"] != old_method_digest(own_file, {"skip_features": 0})


def test_findings_go_with_their_runs(store: ResultStore) -> None:
    before = read_findings(store.folder / "findings.jsonl")
    old_ids = {
        one["run_id"]: place for place, one in enumerate(records_of(store.path.read_bytes()))
    }
    with pytest.warns(XbenchWarning):
        upgrade_store(store)
    new_ids = [one["run_id"] for one in records_of(store.path.read_bytes())]
    after = read_findings(store.folder / "findings.jsonl")
    assert len(after) == len(before) == 8
    expected = [replace(one, run_id=new_ids[old_ids[one.run_id]]) for one in before]
    assert after == expected


def test_it_is_done_once(store: ResultStore) -> None:
    with pytest.warns(XbenchWarning):
        upgrade_store(store)
    content = store.path.read_bytes()
    assert json.loads((store.folder / "store.json").read_text())["version"] == 2
    upgrade_store(store)  # A warning would be an error here.
    assert store.path.read_bytes() == content


def test_what_is_no_record_stays_byte_for_byte(store: ResultStore) -> None:
    bad = b'{"run_id": "a", "of the future": 1}\n\xff\xfe\n'
    lines = store.path.read_bytes().splitlines(keepends=True)
    store.path.write_bytes(lines[0] + bad + lines[1] + lines[2][:50])
    with pytest.warns(XbenchWarning, match="2 runs of an older xbench were read; 2 have new"):
        upgrade_store(store)
    content = store.path.read_bytes()
    assert content.split(b"\n", 1)[1].startswith(bad)
    assert content.endswith(b"\n" + lines[2][:50])


@pytest.mark.parametrize("field", ["task_version", "task", "seed"])
def test_runs_of_another_task_keep_their_ids_and_it_is_said(store: ResultStore, field: str) -> None:
    fields = json.loads(store.path.read_bytes().splitlines()[0])
    fields[field] = "gone" if field == "task" else 99
    store.path.write_text(json.dumps(fields) + "\n")
    with pytest.warns(XbenchWarning, match="1 keep theirs, since their task is another one now"):
        upgrade_store(store)
    (record,) = stored(store.folder)
    assert record.run_id == fields["run_id"]


def test_a_shipped_method_is_only_renamed_where_its_old_id_proves_the_question(
    store: ResultStore,
) -> None:
    """A task that was changed without a new version asks something else than the run was."""
    line = store.path.read_bytes().splitlines(keepends=True)[0]
    task = known_tasks(store)["quick"]
    changed = task.model_copy(update={"split": "reference"})
    assert renamed(line, b"", {"quick": task}).changed == 1
    assert renamed(line, b"", {"quick": changed}).unknown == 1


def test_of_two_versions_of_a_file_the_last_run_counts_and_so_do_its_findings(
    store: ResultStore,
) -> None:
    line = store.path.read_bytes().splitlines()[8]
    other = json.dumps(json.loads(line) | {"run_id": "f" * 16, "indices": list(range(16))})
    first = json.loads(line)
    assert first["method"] == "first-features"
    findings = [json.dumps({"analysis": "a", "run_id": one}) for one in (first["run_id"], "f" * 16)]
    lines = b"\n".join([line, other.encode(), b""])
    done = renamed(lines, "\n".join([*findings, ""]).encode(), known_tasks(store))
    old, new = records_of(done.runs)
    assert old["run_id"] == new["run_id"]
    (kept,) = records_of(done.findings)
    assert kept == json.loads(findings[1]) | {"run_id": new["run_id"]}


def test_a_store_that_was_upgraded_in_part_is_upgraded_again(
    store: ResultStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ResultStore(shutil.copytree(store.folder, store.folder.with_name("whole")))
    with pytest.warns(XbenchWarning):
        upgrade_store(whole)

    def full_disk(path: Path, content: bytes) -> None:
        if path == store.path:
            raise XbenchError("disk full")
        path.write_bytes(content)

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "write_bytes", full_disk)
        with pytest.raises(XbenchError, match="disk full"):
            upgrade_store(store)
    assert store.is_old
    with pytest.warns(XbenchWarning, match="22 have new ids"):
        upgrade_store(store)
    for name in ("runs.jsonl", "findings.jsonl", "store.json"):
        assert (store.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_a_store_that_cannot_be_written_is_read_as_it_is(
    store: ResultStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise XbenchError("read-only")

    monkeypatch.setattr(ResultStore, "upgrade", refuse)
    with pytest.warns(XbenchWarning, match="its runs keep their old ids: read-only"):
        assert len(opened_store(store.folder).records()) == 22


def old_form(record: Record, key: RunKey, file: str) -> dict[str, Any]:
    """A record as xbench wrote it at 458fd25: id and digest hold the bytes of the file."""

    def digest(content: object) -> str:
        text = json.dumps(content, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    of_file = hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]
    on = [record.dataset_digest, record.surrogate_digest, of_file, record.device, 1]
    question = {**asdict(key), "metrics": sorted(key.metrics)}
    for name in ("beta", "budget_seconds", "budget_evaluations", "division"):
        if question[name] is None:
            del question[name]
    fields = json.loads(record.to_json())
    del fields["method_version"], fields["n_features"]
    method = digest([of_file, key.parameters])
    return fields | {"run_id": digest([question, on]), "method_digest": method}


def test_old_runs_are_finished_runs(run: Run, tmp_path: Path) -> None:
    """Run, put back into the old form, and asked for again: nothing is to do."""
    good = explaining("return Selection(np.arange(problem.subset_size))")
    own = write_method(tmp_path, "own", good)
    options: dict[str, Any] = {"methods": ["random"], "method_files": [own]}
    first = run(store=tmp_path / "results", **options)
    store = ResultStore(tmp_path / "results")
    task = known_tasks(store)["small"]
    (entry,) = methods_from_file(own)
    files = {"own": entry.location, "random": find("method", "random").location}
    lines = []
    for record in stored(store.folder):
        (key,) = expand(task, methods=[MethodSpec(name=record.method)])
        lines.append(json.dumps(old_form(record, key, files[record.method])))
    store.path.write_text("\n".join([*lines, ""]))
    (store.folder / "store.json").write_text('{"format": "xbench-results", "version": 1}')
    with pytest.warns(XbenchWarning) as told:
        second = run(store=store.folder, **options)
    assert [str(one.message) for one in told] == [
        f"{store.folder}: 2 runs of an older xbench were read; 2 have new ids"
    ]
    assert second["created"].tolist() == first["created"].tolist()
    assert second["run_id"].tolist() == first["run_id"].tolist()
    assert len(store.path.read_text().splitlines()) == 2
    # Data that this xbench cannot know by their digest, but that were read for the run.
    assert second["n_features"].tolist() == [30, 30]


def test_the_script_migrates_stores_published_runs_and_baselines(
    store: ResultStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published = tmp_path / "published"
    published.mkdir()
    for name in ("runs", "findings"):
        content = (store.folder / f"{name}.jsonl").read_bytes()
        (published / f"{name}.jsonl.gz").write_bytes(gzip.compress(content))
    ids = [one["run_id"] for one in records_of(store.path.read_bytes())]
    (published / "results.csv").write_text(f"mean,runs\n0.5,{ids[3]} {ids[4]}\n")
    baseline = shutil.copy(
        Path(__file__).parents[1] / "regression" / "baseline_version_1.json", tmp_path / "b.json"
    )
    before = Path(baseline).read_bytes()
    capsys.readouterr()
    assert migrate.main([str(store.folder), str(published), str(baseline)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{store.folder}: 22 runs of an older xbench were read; 22 have new ids",
        # The task of a user is kept with a store alone.
        f"{published}: 22 runs of an older xbench were read; 14 have new ids; 8 keep theirs, since "
        "their task is another one now",
        f"{baseline}: 2 runs, without ids; kept as it is",
    ]
    assert Path(baseline).read_bytes() == before
    for name in ("runs", "findings"):
        packed, plain = (
            [one for one in records_of(content) if one.get("task") != "own-task"]
            for content in (
                gzip.decompress((published / f"{name}.jsonl.gz").read_bytes()),
                (store.folder / f"{name}.jsonl").read_bytes(),
            )
        )
        if name == "findings":
            # A published leaderboard sorts them.
            plain.sort(key=lambda one: (one["analysis"], one["run_id"], one["against"]))
        assert packed == plain
    new = [one["run_id"] for one in records_of(store.path.read_bytes())]
    assert (published / "results.csv").read_text() == f"mean,runs\n0.5,{new[3]} {new[4]}\n"


def test_a_leaderboard_is_made_of_an_old_store_and_of_old_published_runs(
    store: ResultStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = b"".join(store.path.read_bytes().splitlines(keepends=True)[:6])
    store.path.write_bytes(quick)
    published = tmp_path / "board"
    published.mkdir(parents=True)
    (published / "runs.jsonl.gz").write_bytes(gzip.compress(quick))
    with pytest.raises(SystemExit) as ended:
        main(["leaderboard", "--store", str(store.folder), "--out", str(tmp_path / "board")])
    assert ended.value.code in (0, None)
    told = capsys.readouterr().err
    assert told.count("6 runs of an older xbench were read; 6 have new ids") == 2
    kept = records_of(gzip.decompress((published / "runs.jsonl.gz").read_bytes()))
    assert {one["run_id"] for one in kept} == {one.run_id for one in stored(store.folder)}
