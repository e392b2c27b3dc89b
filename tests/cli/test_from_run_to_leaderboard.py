"""From a command, in a real process, to the leaderboard; and a method of one's own on it."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ..benchmark.workbench import stored

Command = Callable[..., tuple[int, str, str]]
COLUMNS = (
    "task,dataset,surrogate,cell_type,target,method,L,metric,unit,direction,"
    "mean,low,high,n,status,runs,features"
)

# The example of design.md, whole.
DISTANCE_TO_TSS = '''\
from xbench import Explainer, Problem, Selection


class DistanceToTSS(Explainer):
    """Rank peaks by their distance to the target gene's start."""

    name = "distance-to-tss"

    def explain(self, problem: Problem) -> Selection:
        distance = problem.features.distance_to(problem.target)
        return Selection.from_scores(-distance, problem.subset_size)
'''
BRIGHTEST = '''\
from xbench import Explainer, Selection


class Brightest(Explainer):
    """The pixels that are brightest on average."""

    name = "brightest"

    def explain(self, problem):
        return Selection.from_scores(problem.inputs.mean(axis=0), problem.subset_size)
'''


def _results(folder: Path) -> list[dict[str, str]]:
    with (folder / "published" / "results.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _process(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "xbench", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_from_run_to_leaderboard(xbench_command: Command, tmp_path: Path) -> None:
    ran = _process("run", "quick", "--methods", "random,gradient-change", "--jobs", "1")
    assert ran.returncode == 0, ran.stderr
    # What came out is on stdout, what is going on is on stderr, and nothing is cut off.
    assert "gradient-change" in ran.stdout
    assert "…" not in ran.stdout
    assert "2 runs to do" in ran.stderr
    code, rendered, errors = xbench_command("leaderboard")
    assert code == 0, errors
    rows = _results(tmp_path / "leaderboard")
    assert ",".join(rows[0]) == COLUMNS
    shares = {
        row["method"]: float(row["mean"])
        for row in rows
        if (row["metric"], row["target"]) == ("own-class-share-after", "3")
    }
    records = stored(tmp_path / "results")
    expected = {record.method: record.metrics["own-class-share-after"] for record in records}
    assert shares == pytest.approx(expected, rel=1e-5)
    published = tmp_path / "leaderboard" / "published"
    written = [Path(line) for line in rendered.splitlines()]
    # Beside what is shown there is a list of it, by which the next rendering knows its own files.
    listed = sorted(path.name for path in published.iterdir() if path.name != ".written")
    assert sorted(path.name for path in written) == listed
    suffixes = {path.suffix for path in written} - {".png", ".svg"}
    assert suffixes == {".csv", ".gz", ".md", ".tex"}
    page = (published / "README.md").read_text(encoding="utf-8")
    assert "| gradient-change" in page
    assert "Quick check" in page


# The test before renders the same in this process.
@pytest.mark.slow
def test_a_process_of_its_own_renders_a_leaderboard(
    xbench_command: Command, tmp_path: Path
) -> None:
    assert xbench_command("run", "quick", "--methods", "random", "--jobs", 1)[0] == 0
    rendered = _process("leaderboard")
    assert rendered.returncode == 0, rendered.stderr
    published = tmp_path / "leaderboard" / "published"
    listed = sorted(path.name for path in published.iterdir() if path.name != ".written")
    assert sorted(Path(line).name for line in rendered.stdout.splitlines()) == listed


@pytest.mark.parametrize("text", [DISTANCE_TO_TSS, BRIGHTEST])
def test_the_example_has_at_most_fifteen_lines(text: str) -> None:
    assert text.count("\n") <= 15


def test_a_method_of_ones_own_appears_on_the_leaderboard(
    xbench_command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "brightest.py"
    file.write_text(BRIGHTEST)
    options = ("--methods", "random,brightest", "--method", file, "--jobs", 1)
    assert xbench_command("run", "quick", *options)[0] == 0
    assert xbench_command("leaderboard")[0] == 0
    rows = _results(tmp_path / "leaderboard")
    assert {row["method"] for row in rows} == {"random", "brightest"}
    page = (tmp_path / "leaderboard" / "published" / "README.md").read_text(encoding="utf-8")
    assert "| brightest" in page


def test_the_example_of_the_design_runs_on_peaks_and_finds_the_nearest(
    xbench_command: Command, tmp_path: Path, small_data: Path, small_surrogate: Path
) -> None:
    file = tmp_path / "distance_to_tss.py"
    file.write_text(DISTANCE_TO_TSS)
    options = ("--data", small_data, "--checkpoint", small_surrogate, "--target", "Oligo:Mog")
    ran = xbench_command(
        "run", "table1", *options, "--method", file, "-L", 3, "--seeds", 1, "--jobs", 1
    )
    assert ran[0] == 0, ran
    (record,) = stored(tmp_path / "results")
    # Mog lies on chr2 from 15,000 to 16,000: in it peak 15, and next to it 14 and 16.
    assert record.indices[0] == 15
    assert set(record.indices) == {14, 15, 16}
    assert record.metrics["hit-ratio"] == 100
    assert xbench_command("leaderboard")[0] == 0
    rows = _results(tmp_path / "leaderboard")
    assert {row["method"] for row in rows} == {"distance-to-tss"}
    assert "hit-ratio" in {row["metric"] for row in rows}
