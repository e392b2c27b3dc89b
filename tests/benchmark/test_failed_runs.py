"""A run that goes wrong is a record that says why, and the others go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from xbench.cli import main

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
    "exits": ("sys.exit(3)", "SystemExit: 3"),
    "interrupts-itself": ("raise StopIteration", "StopIteration"),
}


def test_an_exception_is_a_failed_record_with_its_traceback(run: Run, tmp_path: Path) -> None:
    file = write_method(tmp_path, "boom", explaining("raise RuntimeError('first\\nsecond')"))
    frame = run(methods=["random", "gradient-change"], method_files=[file], store=tmp_path / "s")
    by_method = {record.method: record for record in stored(tmp_path / "s")}
    assert {name: record.status for name, record in by_method.items()} == {
        "random": "ok",
        "gradient-change": "ok",
        "boom": "failed",
    }
    assert by_method["boom"].reason == "RuntimeError: first"
    assert 'raise RuntimeError("first' in (by_method["boom"].traceback or "").replace("'", '"')
    assert by_method["boom"].metrics == {}
    assert by_method["boom"].indices == []
    assert set(frame["method"]) == set(by_method)


def test_a_wrong_result_is_a_failed_record_that_says_what_is_wrong(
    run: Run, tmp_path: Path
) -> None:
    files = [
        write_method(tmp_path, name, explaining(line)) for name, (line, _) in BAD_RESULTS.items()
    ]
    run(methods=["random"], method_files=files, store=tmp_path / "store")
    good, *others = stored(tmp_path / "store")
    assert (good.method, good.status) == ("random", "ok")
    assert [bad.method for bad in others] == list(BAD_RESULTS)
    for bad in others:
        assert bad.status == "failed", bad.method
        assert BAD_RESULTS[bad.method][1] in bad.reason, bad.method
        assert "\n" not in bad.reason, bad.method
        assert "Traceback" in (bad.traceback or ""), bad.method


def test_a_class_that_is_no_explainer_is_a_failed_record(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "plain.py"
    file.write_text('class Plain:\n    name = "plain"\n')
    frame = run(methods=["random"], method_files=[file])
    assert frame["status"].tolist() == ["ok", "failed"]
    wanted = f"XbenchError: {file}: Plain is no Explainer; write class Plain(Explainer)"
    assert frame["reason"][1] == wanted


@pytest.mark.parametrize("answer", rest_slow(["''", "True"], 1))
def test_a_skip_without_words_is_a_failed_record(answer: str, run: Run, tmp_path: Path) -> None:
    body = f"def skip(self, problem):\n    return {answer}\n" + explaining(f"return {GOOD}")
    frame = run(methods=["random"], method_files=[write_method(tmp_path, "mute", body)])
    assert frame["status"].tolist() == ["ok", "failed"]
    assert "reason" in frame["reason"][1]


def test_skip_gives_a_skipped_record_with_its_reason(run: Run, tmp_path: Path) -> None:
    body = "def skip(self, problem):\n    return 'needs images'\n" + explaining("1 / 0")
    file = write_method(tmp_path, "picky", body)
    store = tmp_path / "store"
    run(method_files=[file], store=store)
    (record,) = stored(store)
    assert (record.status, record.reason, record.traceback) == ("skipped", "needs images", None)
    run(method_files=[file], store=store)
    assert (store / "runs.jsonl").read_text().count("\n") == 1


@pytest.mark.parametrize(
    ("before", "said"),
    rest_slow([("import no_such_package", "no_such_package"), ("1 / 0", "ZeroDivisionError")], 1),
)
def test_a_file_that_cannot_be_imported_is_a_failed_record(
    before: str, said: str, run: Run, tmp_path: Path
) -> None:
    file = write_method(tmp_path, "broken", explaining(f"return {GOOD}"), before=before)
    frame = run(methods=["random"], method_files=[file])
    assert frame["status"].tolist() == ["ok", "failed"]
    assert said in frame["reason"][1]
    assert f"{file}:4" in frame["reason"][1]


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


def test_a_run_within_its_time_is_ok(run: Run) -> None:
    assert run({"timeout_seconds": 60.0})["status"].tolist() == ["ok"]


def test_running_out_of_memory_is_oom(run: Run, tmp_path: Path) -> None:
    files = [
        write_method(tmp_path, "raises", explaining("raise MemoryError('no room')")),
        write_method(tmp_path, "allocates", explaining("return np.zeros((10**9, 10**6))")),
    ]
    frame = run(methods=["random"], method_files=files).set_index("method")
    assert frame["status"].to_dict() == {"random": "ok", "raises": "oom", "allocates": "oom"}
    assert "no room" in frame["reason"]["raises"]


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
