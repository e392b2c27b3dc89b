"""What makes a run the same run: its question, not the bytes of its method."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from xbench.cli import main
from xbench.errors import XbenchWarning
from xbench.results.findings import Finding, append_findings, read_findings

from .workbench import explaining, stored, write_method, write_task

Run = Callable[..., pd.DataFrame]
FIRST = "return Selection(np.arange(problem.subset_size))"
LAST = "return Selection(np.arange(problem.subset_size) + 5)"


class Own:
    """A method in a file, the store it runs into, and what is told."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run, self.folder, self.store = run, folder, folder / "store"
        self.told: list[str] = []

    def write(self, line: str, before: str = "", version: str = "") -> None:
        body = (f"version = {version}\n" if version else "") + explaining(line)
        self.file = write_method(self.folder, "own", body, before)

    def __call__(self, task: dict[str, Any] | None = None, **options: Any) -> pd.DataFrame:
        options = {"method_files": [self.file], "store": self.store, **options}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            frame = self.run(task, **options)
        self.told = [str(one.message) for one in caught if one.category is XbenchWarning]
        return frame

    @property
    def lines(self) -> int:
        """How many runs were made."""
        return (self.store / "runs.jsonl").read_text().count("\n")


@pytest.fixture
def own(run: Run, tmp_path: Path) -> Own:
    own = Own(run, tmp_path)
    own.write(FIRST)
    return own


def warning(count: int) -> str:
    return (
        f"method own: its code changed since {count} of these runs; "
        "raise its version or use --again"
    )


def test_changed_code_of_the_same_version_is_one_warning(own: Own) -> None:
    sizes: dict[str, Any] = {"subset_sizes": [4, 8]}
    first = own(sizes)
    assert own.told == []
    own(sizes)
    assert (own.told, own.lines) == ([], 2)
    own.write(FIRST + "  # A comment.")
    again = own(sizes)
    assert (own.told, own.lines) == ([warning(2)], 2)
    assert again["created"].tolist() == first["created"].tolist()
    # A third size is run, and the warning is about the others still.
    assert len(own({"subset_sizes": [4, 8, 9]})) == 3
    assert (own.told, own.lines) == ([warning(2)], 3)


def test_a_raised_version_is_another_run(own: Own) -> None:
    first = own()
    own.write(LAST, version="2")
    second = own()
    assert (own.told, own.lines) == ([], 2)
    assert [first["method_version"][0], second["method_version"][0]] == [1, 2]
    assert first["run_id"][0] != second["run_id"][0]
    assert second["indices"][0] == [5, 6, 7, 8]
    # Records say how many features there are.
    known = [(record.n_features, record.method_version) for record in stored(own.store)]
    assert known == [(30, 1), (30, 2)]


def test_again_runs_them_again_under_the_same_id_and_voids_findings_about_them(own: Own) -> None:
    first = own()
    (run_id,) = first["run_id"]
    about = [Finding(analysis="proximity", run_id=one) for one in (run_id, "f" * 16)]
    append_findings(own.store, about)
    own()
    assert read_findings(own.store / "findings.jsonl") == about
    own.write(LAST)
    second = own(again=True)
    assert (own.told, own.lines) == ([], 2)
    assert second["run_id"].tolist() == first["run_id"].tolist()
    assert second["indices"][0] == [5, 6, 7, 8]
    assert read_findings(own.store / "findings.jsonl") == about[1:]
    own()
    assert (own.told, own.lines) == ([], 2)


def test_a_module_beside_a_users_method_counts(own: Own, tmp_path: Path) -> None:
    helper = tmp_path / "beside_own.py"
    helper.write_text("START = 0\n")
    own.write(
        "return Selection(np.arange(problem.subset_size) + START)", "from beside_own import *"
    )
    assert own()["indices"][0] == [0, 1, 2, 3]
    helper.write_text("START = 0 + 7\n")
    assert own()["indices"][0] == [0, 1, 2, 3]
    assert (own.told, own.lines) == ([warning(1)], 1)
    assert own(again=True)["indices"][0] == [7, 8, 9, 10]
    # Also in processes of their own.
    helper.write_text("START = 0 + 7 + 2\n")
    assert own(again=True, jobs=2, task={"repetitions": 2})["indices"][0] == [9, 10, 11, 12]


def test_another_metric_is_no_other_run(own: Own) -> None:
    first = own({"metrics": ["rel-delta"]})
    second = own({"metrics": ["rel-delta", "avg-delta"]})
    assert (own.told, own.lines) == ([], 1)
    assert second["run_id"].tolist() == first["run_id"].tolist()


def test_a_method_that_cannot_be_imported_is_a_failed_run_still(own: Own) -> None:
    own.write(FIRST, "import nowhere_to_be_found", version="2")
    frame = own()
    assert (frame["status"][0], frame["method_version"][0]) == ("failed", 2)
    own.write(FIRST, version="2")
    assert own()["status"][0] == "ok"


def test_a_run_that_is_killed_when_it_is_made_again_is_no_success(own: Own) -> None:
    own({"repetitions": 2})
    own.write("os.kill(os.getpid(), signal.SIGKILL)")
    frame = own({"repetitions": 2}, again=True, jobs=2)
    # Killed by its own hand, not for want of memory.
    assert frame["status"].tolist() == ["failed", "failed"]
    assert "signal 9" in frame["reason"][0]


# The same from the command line.
@pytest.mark.slow
def test_the_command_runs_again_and_warns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = write_task(
        tmp_path,
        objective="cross-entropy",
        metrics=["log-odds-drop"],
        primary_metric="log-odds-drop",
        targets=[{"cell_type": "8", "outputs": ["3"]}],
    )
    counts = []
    told = []
    for line, more in ((FIRST, []), (LAST, []), (LAST, ["--again"]), (LAST, [])):
        file = write_method(tmp_path, "own", explaining(line))
        with pytest.raises(SystemExit) as ended:
            main(["run", str(task), "--method", file, "--jobs", "1", *more])
        assert ended.value.code in (0, None)
        counts.append((tmp_path / "results" / "runs.jsonl").read_text().count("\n"))
        told.append(capsys.readouterr().err.count(f"xbench: warning: {warning(1)}\n"))
    assert (counts, told) == ([1, 1, 2, 2], [0, 1, 0, 0])
