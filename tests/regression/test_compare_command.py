"""``xbench baseline`` and ``xbench compare`` as a user meets them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from xbench.regression.file import names_in
from xbench.results.record import Record
from xbench.results.store import ResultStore

from ..benchmark.workbench import write_task
from .recorded import records

Command = Callable[..., Any]
Refused = Callable[..., str]
BASE = ((0.9, 0.8, 0.85), (0.5, 0.6, 0.55))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path


def keep(folder: str, *groups: Sequence[Record]) -> None:
    store = ResultStore(folder)
    store.prepare()
    for one in (one for group in groups for one in group):
        store.append(one)


@pytest.fixture
def saved(xbench_command: Command) -> None:
    """The baseline `ci` of a store `results`."""
    keep("results", records(BASE))
    assert xbench_command("baseline", "save", "ci")[0] == 0


@pytest.mark.usefixtures("saved")
def test_save_list_and_compare(xbench_command: Command) -> None:
    assert names_in(Path("baselines")) == ["ci"]
    code, out, err = xbench_command("baseline", "list")
    assert (code, err) == (0, "")
    assert out.startswith("ci  task ci version 1 on simulated with oracle, 3 repetitions, runs: 6")
    assert xbench_command("baseline", "save", "ci")[1].startswith("replaced baselines/ci.json: ")
    code, out, err = xbench_command("compare", "ci")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == (
        "baseline ci: 0 worse, 0 better, 0 within what is allowed, 5 the same"
    )
    assert "optimality" not in out
    assert "optimality" in xbench_command("compare", "ci", "--all")[1]


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(("by", "code"), [(0.4, 1), (0.05, 0), (-0.4, 0)])
def test_the_exit_code_says_whether_it_is_worse(
    xbench_command: Command, by: float, code: int
) -> None:
    keep("fresh", records([[value - by for value in values] for values in BASE]))
    reports = ("--junit", "r/j.xml", "--json", "r/j.json", "--markdown", "r/m.md")
    ended = xbench_command("compare", "ci", "--store", "fresh", *reports)
    assert (ended.code, ended.err) == (code, "")
    assert f"{-by:+.3g}" in ended.out
    assert ElementTree.parse("r/j.xml").getroot().attrib["failures"] == str(code)
    assert json.loads(Path("r/j.json").read_text())["failed"] is bool(code)
    assert f"{-by:+.3g}" in Path("r/m.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("saved")
def test_fail_on_decides_only_the_exit_code(xbench_command: Command) -> None:
    keep("fresh", records([[0.1] * 3, [0.1] * 3]))
    for fail_on, code in (("metrics", 1), ("seconds,evaluations", 0), ("nothing", 0)):
        ended = xbench_command("compare", "ci", "--store", "fresh", "--fail-on", fail_on)
        assert ended.code == code
        assert "baseline ci: 1 worse" in ended.out


@pytest.mark.usefixtures("saved")
def test_other_repetitions_are_other_seeds(xbench_command: Command, refused: Refused) -> None:
    twice = [values * 2 for values in BASE]
    more = records(twice)
    keep("fresh", more)
    ended = xbench_command("compare", "ci", "--store", "fresh", "--repetitions", "3-5")
    assert ended.code == 0
    assert "repetitions 3-5 stand for 0-2: other seeds, so that bands decide" in ended.out
    assert "holds no run of repetitions 7-9" in refused(
        "compare", "ci", "--store", "fresh", "--repetitions", "7-9"
    )
    for text in ("5-3", "x", "-1", "1-"):
        told = refused("compare", "ci", f"--repetitions={text}")
        assert "must be two numbers from 0, such as 5-9" in told


@pytest.mark.usefixtures("saved")
def test_thresholds_of_the_task_decide(xbench_command: Command, here: Path) -> None:
    keep("fresh", records([[value - 0.05 for value in values] for values in BASE]))
    path = write_task(here, name="ci", metrics=["optimality"], primary_metric="optimality",
                      methods=["grids"])  # fmt: skip
    told = ("compare", "ci", "--store", "fresh", "--task", path)
    assert xbench_command(*told)[0] == 0
    with path.open("a", encoding="utf-8") as file:
        file.write("[thresholds]\noptimality = 0.01\n")
    assert xbench_command(*told)[0] == 1


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task_version": 2}, "task version is 1 in the baseline and 2 now"),
        ({"dataset_digest": "0"}, "dataset digest is da7a"),
        ({"surrogate_digest": "0"}, "surrogate digest is 50"),
        ({"surrogate": "mine"}, "surrogate is oracle in the baseline and mine now"),
        ({"metric": "rel-delta"}, "metrics differ"),
        ({"task": "quick"}, "unknown task 'ci'"),
    ],
)
def test_what_cannot_be_compared_ends_with_2(
    refused: Refused, changes: dict[str, Any], said: str
) -> None:
    keep("fresh", records(BASE, **changes))
    assert said in refused("compare", "ci", "--store", "fresh")


def test_what_is_not_there_is_named(refused: Refused) -> None:
    assert "no such folder; run 'xbench run TASK" in refused("baseline", "save", "ci")
    assert "no such baseline" in refused("compare", "ci")
    assert "holds no baseline; save one" in refused("baseline", "list")
    keep("results", records(BASE), records(BASE, task="other"))
    assert "holds several tasks; choose one by --task: ci, other" in refused(
        "baseline", "save", "ci"
    )
    assert "unknown task 'cii'. Nearest: ci" in refused("baseline", "save", "x", "--task", "cii")
    assert "choose another" in refused("baseline", "save", "../x", "--task", "ci")
    keep("places", records(BASE), records(BASE, dataset="other"))
    assert "keep each in a store of its own" in refused(
        "baseline", "save", "x", "--store", "places"
    )


@pytest.mark.usefixtures("saved")
def test_names_with_markup_are_shown_as_they_are(xbench_command: Command) -> None:
    keep("markup", records(BASE, method="[red]x[/red]"))
    told = ("--store", "markup", "--folder", "own")
    assert xbench_command("baseline", "save", "markup", *told)[0] == 0
    assert "[red]x[/red]" in xbench_command("compare", "markup", *told, "--all")[1]


# make ci-benchmark compares a real run; recorded ones stand for it above.
@pytest.mark.slow
def test_a_real_run_equals_its_baseline_and_a_worse_one_does_not(
    xbench_command: Command, here: Path
) -> None:
    path = write_task(
        here, name="own", dataset="simulated-multiome-small", surrogate="oracle", repetitions=2,
        methods=["random", "gradient-change"], metrics=["optimality"],
        primary_metric="optimality", targets=[{"cell_type": "SST", "outputs": ["GAD2"]}],
    )  # fmt: skip
    run = ("run", path, "--jobs", 1, "--store")
    assert xbench_command(*run, "one")[0] == xbench_command(*run, "two")[0] == 0
    assert xbench_command("baseline", "save", "own", "--store", "one")[0] == 0
    ended = xbench_command("compare", "own", "--store", "two")
    assert (ended.code, ended.err) == (0, "")
    assert "0 worse, 0 better, 0 within" in ended.out
    # The runs of the method without noise, as one that chooses at random would have them.
    lines = (here / "two" / "runs.jsonl").read_text(encoding="utf-8")
    (here / "two" / "runs.jsonl").write_text(
        lines.replace('"method": "gradient-change"', '"method": "x"')
        .replace('"method": "random"', '"method": "gradient-change"')
        .replace('"method": "x"', '"method": "random"'),
        encoding="utf-8",
    )
    ended = xbench_command("compare", "own", "--store", "two", "--fail-on", "metrics")
    assert ended.code == 1
