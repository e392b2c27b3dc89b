"""A run that goes wrong is a record that says why, and the others go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

import xbench
from xbench.cli import main
from xbench.results.record import Record

from ..slow_rest import rest_slow
from .workbench import explaining, lasting, stored, write_method, write_task

Run = Callable[..., pd.DataFrame]
GOOD = "Selection(range(problem.subset_size))"

# What a method does, and what the reason of its failure must say.
BAD_RESULTS = {
    "too-few": ("return Selection([0, 1])", "returned 2 features but L = 4"),
    "too-many": ("return Selection(range(9))", "returned 9 features but L = 4"),
    "duplicates": ("return Selection([0, 0, 1, 2])", "must be distinct"),
    "too-high": ("return Selection([0, 1, 2, 30])", "outside 0..29"),
    "negative": ("return Selection([0, 1, 2, -1])", "outside 0..29"),
    "fractions": ("return Selection([0.0, 1.0, 2.0, 3.0])", "integers"),
    "flags": ("return Selection(np.array([True, False, True, False]))", "integers"),
    "square": ("return Selection(np.arange(4).reshape(2, 2))", "flat array"),
    "bare-list": ("return [0, 1, 2, 3]", "returned list, not a Selection"),
    "nothing": ("pass", "returned NoneType, not a Selection"),
    "nan-scores": ("return Selection.from_scores(np.full(30, np.nan), 4)", "30 scores are NaN"),
    "odd-trace": (f"return Selection({GOOD[10:-1]}, trace=[0.5])", "trace"),
    "object-trace": (f"return Selection({GOOD[10:-1]}, trace=[{{'loss': object()}}])", "trace"),
    "object-details": (f"return Selection({GOOD[10:-1]}, details={{'a': object()}})", "details"),
    "number-details": (f"return Selection({GOOD[10:-1]}, details=3)", "details are of type int"),
    "exits": ("sys.exit(3)", "SystemExit: 3"),
    "interrupts-itself": ("raise StopIteration", "StopIteration"),
}


MUTE = {"mute-text": "''", "mute-flag": "True"}
BROKEN = {
    "broken-import": ("import no_such_package", "no_such_package"),
    "broken-sum": ("1 / 0", "ZeroDivisionError"),
}


class Start(NamedTuple):
    """One start of many methods, each of which goes wrong in a way of its own."""

    folder: Path
    records: dict[str, Record]
    reasons: dict[str, str]


@pytest.fixture(scope="module")
def start(
    tmp_path_factory: pytest.TempPathFactory, small_data: Path, small_surrogate: Path
) -> Start:
    folder = tmp_path_factory.mktemp("start")
    lines = {name: line for name, (line, _) in BAD_RESULTS.items()} | {
        "boom": "raise RuntimeError('first\\nsecond')",
        "raises": "raise MemoryError('no room')",
        "allocates": "return np.zeros((10**9, 10**6))",
    }
    files = [write_method(folder, name, explaining(line)) for name, line in lines.items()]
    for name, answer in MUTE.items():
        body = f"def skip(self, problem):\n    return {answer}\n" + explaining(f"return {GOOD}")
        files.append(write_method(folder, name, body))
    for name, (before, _) in BROKEN.items():
        files.append(write_method(folder, name, explaining(f"return {GOOD}"), before=before))
    (folder / "plain.py").write_text('class Plain:\n    name = "plain"\n')
    frame = xbench.run(
        str(write_task(folder)),
        data=small_data,
        checkpoint=small_surrogate,
        methods=["random", "gradient-change"],
        method_files=[*files, str(folder / "plain.py")],
        store=folder / "store",
    )
    records = {record.method: record for record in stored(folder / "store")}
    assert frame["method"].tolist() == list(records)
    return Start(folder, records, dict(zip(frame["method"], frame["reason"], strict=True)))


def test_the_others_are_ok_and_nothing_else_is(start: Start) -> None:
    good = [method for method, record in start.records.items() if record.status == "ok"]
    assert good == ["random", "gradient-change"]


def test_an_exception_is_a_failed_record_with_its_traceback(start: Start) -> None:
    boom = start.records["boom"]
    assert boom.status == "failed"
    assert boom.reason == "RuntimeError: first"
    assert 'raise RuntimeError("first' in (boom.traceback or "").replace("'", '"')
    assert boom.metrics == {}
    assert boom.indices == []


def test_a_wrong_result_is_a_failed_record_that_says_what_is_wrong(start: Start) -> None:
    others = [record for method, record in start.records.items() if method in BAD_RESULTS]
    assert [bad.method for bad in others] == list(BAD_RESULTS)
    for bad in others:
        assert bad.status == "failed", bad.method
        assert BAD_RESULTS[bad.method][1] in bad.reason, bad.method
        assert "\n" not in bad.reason, bad.method
        assert "Traceback" in (bad.traceback or ""), bad.method


def test_a_class_that_is_no_explainer_is_a_failed_record(start: Start) -> None:
    assert start.records["plain"].status == "failed"
    file = start.folder / "plain.py"
    wanted = f"XbenchError: {file}: Plain is no Explainer; write class Plain(Explainer)"
    assert start.reasons["plain"] == wanted


@pytest.mark.parametrize("method", MUTE)
def test_a_skip_without_words_is_a_failed_record(method: str, start: Start) -> None:
    assert start.records[method].status == "failed"
    assert "reason" in start.reasons[method]


@pytest.mark.parametrize("method", BROKEN)
def test_a_file_that_cannot_be_imported_is_a_failed_record(method: str, start: Start) -> None:
    assert start.records[method].status == "failed"
    assert BROKEN[method][1] in start.reasons[method]
    assert f"{start.folder / method.replace('-', '_')}.py:4" in start.reasons[method]


def test_running_out_of_memory_is_oom(start: Start) -> None:
    assert start.records["raises"].status == start.records["allocates"].status == "oom"
    assert "no room" in start.reasons["raises"]


def test_skip_gives_a_skipped_record_with_its_reason(run: Run, tmp_path: Path) -> None:
    body = "def skip(self, problem):\n    return 'needs images'\n" + explaining("1 / 0")
    file = write_method(tmp_path, "picky", body)
    store = tmp_path / "store"
    run(method_files=[file], store=store)
    (record,) = stored(store)
    assert (record.status, record.reason, record.traceback) == ("skipped", "needs images", None)
    run(method_files=[file], store=store)
    assert (store / "runs.jsonl").read_text().count("\n") == 1


@pytest.mark.parametrize("jobs", rest_slow([2, 1], 1))
def test_a_method_that_takes_too_long_is_a_timeout(jobs: int, run: Run, tmp_path: Path) -> None:
    # One that catches every exception and goes on is stopped too.
    body = """
        def explain(self, problem):
            while True:
                try:
                    time.sleep(0.01)
                except Exception:
                    pass
    """
    files = [
        write_method(tmp_path, "stubborn", body),
        write_method(tmp_path, "sleepy", explaining("time.sleep(60)")),
    ]
    frame = run({"timeout_seconds": 0.3}, methods=["random"], method_files=files, jobs=jobs)
    assert frame.set_index("method")["status"].to_dict() == {
        "random": "ok",
        "stubborn": "timeout",
        "sleepy": "timeout",
    }
    slow = frame[frame["status"] == "timeout"]
    assert all("no result after 0.3 s" in reason for reason in slow["reason"])
    assert slow["seconds"].between(0.3, 5).all()


# In test_a_method_that_takes_too_long_is_a_timeout one is within its time, beside others.
@pytest.mark.slow
def test_a_run_within_its_time_is_ok(run: Run) -> None:
    assert run({"timeout_seconds": 60.0})["status"].tolist() == ["ok"]


# test_isolation.py has methods that kill their process, and worse, beside others.
@pytest.mark.slow
def test_a_method_that_kills_its_process_loses_only_its_own_runs(run: Run, tmp_path: Path) -> None:
    file = write_method(tmp_path, "suicide", explaining("os.kill(os.getpid(), signal.SIGKILL)"))
    methods = ["random", "gradient-change", "saliency"]
    task = {"repetitions": 2, "methods": methods}
    store = tmp_path / "store"
    run(task, methods=methods, method_files=[file], jobs=2, store=store)
    records = stored(store)
    assert len(records) == 8
    assert {(record.method, record.status) for record in records} == {
        *((method, "ok") for method in methods),
        ("suicide", "failed"),
    }
    killed = [record for record in records if record.status == "failed"]
    # The true reason: nothing was short of memory.
    assert {record.reason for record in killed} == {"its process was killed by signal 9 (SIGKILL)"}
    run(task, store=tmp_path / "calm")
    survivors = lasting([record for record in records if record.status == "ok"])
    assert survivors == lasting(stored(tmp_path / "calm"))


def test_failed_runs_are_tried_again_at_the_next_start(run: Run, tmp_path: Path) -> None:
    # Fails once: what it depends on outside of its file is repaired between the two starts.
    line = f"open({str(tmp_path / 'needed')!r}); return {GOOD}"
    file = write_method(tmp_path, "needy", explaining(line))
    store = tmp_path / "store"
    first = run(methods=["random"], method_files=[file], store=store)
    (tmp_path / "needed").touch()
    second = run(methods=["random"], method_files=[file], store=store)
    assert first["status"].tolist() == ["ok", "failed"]
    assert second["status"].tolist() == ["ok", "ok"]
    assert first["run_id"].tolist() == second["run_id"].tolist()
    # Random ran once, needy twice.
    assert (store / "runs.jsonl").read_text().count("\n") == 3


def test_one_subset_size_may_fail_while_the_other_is_ok(run: Run, tmp_path: Path) -> None:
    line = f"assert problem.subset_size < 8; return {GOOD}"
    file = write_method(tmp_path, "small-only", explaining(line))
    frame = run({"subset_sizes": [4, 8]}, method_files=[file]).set_index("L")
    assert frame["status"].to_dict() == {4: "ok", 8: "failed"}


def test_a_target_that_the_data_lack_is_skipped_where_there_are_others(run: Run) -> None:
    targets = [
        {"cell_type": "Oligo", "outputs": ["Mog", "Absent"]},
        {"cell_type": "Rare", "outputs": ["Mog"]},
        {"cell_type": "Neuron", "outputs": ["Mog"]},
    ]
    frame = run({"targets": targets}).set_index(["cell_type", "target"])
    assert frame["status"].tolist() == ["ok", "skipped", "skipped", "skipped"]
    assert "unknown gene 'Absent'" in frame["reason"]["Oligo", "Absent"]
    assert "5 cells" in frame["reason"]["Rare", "Mog"]
    assert "unknown cell type 'Neuron'" in frame["reason"]["Neuron", "Mog"]


@pytest.mark.parametrize(
    ("line", "code"), rest_slow([("1 / 0", 1), (f"return {GOOD}", 0), ("sys.exit(0)", 1)], 2)
)
def test_the_exit_code_says_whether_a_run_failed(
    line: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_method(tmp_path, "own", explaining(line))
    task = write_task(
        tmp_path,
        objective="cross-entropy",
        metrics=["log-odds-drop"],
        primary_metric="log-odds-drop",
        targets=[{"cell_type": "8", "outputs": ["3"]}],
    )
    with pytest.raises(SystemExit) as ended:
        main(["run", str(task), "--methods", "random", "--method", file, "--jobs", "1"])
    assert ended.value.code == code
    assert {record.method for record in stored(tmp_path / "results")} == {"random", "own"}
    assert "Traceback" not in capsys.readouterr().err
