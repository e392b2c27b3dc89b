"""The files of a whole leaderboard."""

from __future__ import annotations

import gzip
import random
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xbench.benchmark.task import load_task
from xbench.errors import XbenchError
from xbench.leaderboard import render
from xbench.leaderboard.render import WRITTEN
from xbench.results.findings import Finding
from xbench.results.record import Record

from .conftest import ToyTask, build_record

STEM = "toy--cortex--"


def contents(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name != WRITTEN
    }


def unpacked(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode("utf-8")


def index(out: Path) -> str:
    return (out / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def records() -> list[Record]:
    return toy_records()


def toy_records() -> list[Record]:
    generator = random.Random(1)
    return [
        build_record(target, method, generator.gauss(-5, 1), L=size, repetition=repetition)
        for target in ("VIP/GAD1", "VIP/GAD2", "Oligo/MOG")
        for method in ("random", "grids")
        for size in (10, 128)
        for repetition in range(3)
    ]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """A folder rendered once, to be read, and the paths of what was written."""
    folder = tmp_path_factory.mktemp("rendered")
    return folder, render(toy_records(), {"toy": ToyTask()}, folder)


@pytest.fixture
def out(rendered: tuple[Path, list[Path]], tmp_path: Path) -> Path:
    """A copy of it of the test's own."""
    return Path(shutil.copytree(rendered[0], tmp_path / "out"))


def test_files_written(rendered: tuple[Path, list[Path]]) -> None:
    folder, paths = rendered
    names = ["README.md", "results.csv", "runs.jsonl.gz", "findings.jsonl.gz"]
    tables = ("ranked", "table1", "tiers", "significance", "budget", "stability")
    names += [f"{STEM}{kind}.{end}" for kind in tables for end in ("md", "tex")]
    found = [path.relative_to(folder).as_posix() for path in paths]
    images = [name for name in found if name.endswith((".png", ".svg"))]
    assert sorted(set(found) - set(images)) == sorted(names)
    names += images
    assert sorted(contents(folder)) == sorted(names)


def test_ranked_layout_has_no_table1(records: Any, make_task: Any, tmp_path: Path) -> None:
    render(records, {"toy": make_task(layout="ranked")}, tmp_path)
    assert not list(tmp_path.rglob("*table1*"))


def test_index_page(records: Any, make_record: Any, make_task: Any, tmp_path: Path) -> None:
    records.append(make_record("VIP/GAD1", "mine<b>", status="failed", reason="a | bug"))
    records.append(make_record("VIP/GAD1", created="2026-02-03T04:05:06+00:00", repetition=3))
    task = make_task(method_labels=("random", "grids", "sage"), subset_sizes=(10, 128, 1000))
    render(records, {"toy": task}, tmp_path)
    text = index(tmp_path)
    assert "| toy | cortex | cross-modality | 3 | 37 | 1 | 0 |" in text
    assert "rendered from these records. Declared but not run: sage, L = 1000." in text
    assert "- mine&lt;b&gt;; L = 10; VIP/GAD1 (1 run): failed: a \\| bug" in text
    assert "Newest run: 2026-02-03." in text
    assert "- numpy 2.4.6, python 3.11.9, torch 2.13.0, xbench 0.1.0; commit 0123456789ab" in text
    assert "machine not recorded (38 runs)" in text
    assert "`make leaderboard`" in text
    for kind in ("table1", "ranked"):
        inline = (tmp_path / f"{STEM}{kind}.md").read_text(encoding="utf-8")
        assert inline in text


def test_same_records_give_the_same_bytes(
    records: Any, make_task: Any, out: Path, tmp_path: Path
) -> None:
    tasks = {"toy": make_task()}
    first = contents(out)
    render(records, tasks, out)
    assert contents(out) == first
    random.Random(0).shuffle(records)
    render(records, tasks, tmp_path / "two")
    assert contents(tmp_path / "two") == first


def test_rows_without_records_are_kept_and_it_says_so(
    make_record: Any, make_task: Any, out: Path
) -> None:
    tables = {name: text for name, text in contents(out).items() if STEM in name}
    kept_sentence = "toy on cortex (cross-modality): kept from an earlier rendering"
    assert kept_sentence not in index(out)
    render([make_record(task="other")], {"toy": make_task()}, out)
    after = contents(out)
    # From the runs kept the tables come out as they did from the records.
    assert {name: text for name, text in after.items() if STEM in name} == tables
    assert kept_sentence in index(out)
    assert "other on cortex (cross-modality): rendered from these records" in index(out)
    assert "other--cortex--ranked.md" in after


def test_nothing_is_kept_on_demand_and_no_stale_table_stays(
    make_record: Any, make_task: Any, out: Path
) -> None:
    stranger = out / "paper--table1.csv"
    stranger.write_text("not ours")
    render([make_record(task="other")], {"toy": make_task()}, out, kept=False)
    results = (out / "results.csv").read_text(encoding="utf-8")
    assert {line.split(",")[0] for line in results.splitlines()[1:]} == {"other"}
    assert not list(out.rglob(f"{STEM}*"))
    assert stranger.read_text() == "not ours"


def test_tables_in_formats_of_older_versions_go(records: Any, make_task: Any, out: Path) -> None:
    written = contents(out)
    # Versions before this one left no list of what they wrote.
    (out / WRITTEN).unlink()
    old = [out / f"{STEM}ranked.{end}" for end in ("csv", "json")]
    fit = out / "figure2--cortex--mlp.json"
    for path in (*old, fit):
        path.write_text("{}")
    render(records, {"toy": make_task()}, out)
    assert contents(out) == {**written, "figure2--cortex--mlp.json": b"{}"}


def test_older_versions_left_out_are_counted(
    records: Any, make_record: Any, make_task: Any, tmp_path: Path
) -> None:
    late = make_record(surrogate_digest="s2", created="2026-02-01T00:00:00+00:00")
    render([*records, late], {"toy": make_task()}, tmp_path)
    assert "36 older runs left out" in index(tmp_path)


def test_unknown_task_is_ranked_and_says_so(records: Any, tmp_path: Path) -> None:
    render(records, {}, tmp_path)
    assert "The task toy is not known to this version of xbench" in index(tmp_path)


def test_two_surrogates_have_tables_of_their_own(make_record: Any, tmp_path: Path) -> None:
    records = [make_record(), make_record(surrogate="simulator", run_id="another")]
    names = {path.name for path in render(records, {}, tmp_path)}
    assert f"{STEM}cross-modality--ranked.md" in names
    assert f"{STEM}simulator--ranked.md" in names


def test_shipped_task_and_real_record(make_record: Any, tmp_path: Path) -> None:
    task = load_task("table1")
    record = make_record("VIP/GAD1", task="table1", dataset="snare-cortex")
    render([record], {"table1": task}, tmp_path)
    table = tmp_path / "table1--snare-cortex--table1.md"
    assert "| VIP       | -100.000 |     -10.000 |" in table.read_text(encoding="utf-8")
    assert "1 of 16 targets" in index(tmp_path)


def test_names_cannot_leave_the_folder(make_record: Any, tmp_path: Path) -> None:
    out = tmp_path / "a" / "b" / "out"
    hostile = {"dataset": "../../evil", "task": "/etc/x", "surrogate": "..\\y"}
    paths = render([make_record(**hostile)], {}, out)
    everything = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != WRITTEN]
    assert sorted(everything) == paths
    assert {path.parent for path in paths} == {out}


def test_no_records_at_all(tmp_path: Path) -> None:
    render([], {}, tmp_path)
    assert "No results yet." in index(tmp_path)


def test_broken_results_stop_before_anything_is_written(records: Any, tmp_path: Path) -> None:
    (tmp_path / "runs.jsonl.gz").write_bytes(gzip.compress(b"<<<<<<< HEAD\n"))
    with pytest.raises(XbenchError, match=r"runs.jsonl.gz: line 1: .* delete the file"):
        render(records, {}, tmp_path)
    assert list(contents(tmp_path)) == ["runs.jsonl.gz"]


def test_a_file_cut_short_stops_before_anything_is_written(records: Any, out: Path) -> None:
    path = out / "runs.jsonl.gz"
    path.write_bytes(path.read_bytes()[:100])
    before = contents(out)
    with pytest.raises(XbenchError, match=r"runs.jsonl.gz: cannot be read .* delete the file"):
        render(records, {}, out)
    assert contents(out) == before


def test_a_part_of_the_methods_leaves_the_other_rows_as_they_were(
    records: Any, make_record: Any, make_task: Any, out: Path
) -> None:
    newer = [
        make_record("VIP/GAD1", "greedy", -9.0, L=size, created="2026-02-02T00:00:00+00:00")
        for size in (10, 128)
    ]
    render(newer, {"toy": make_task()}, out)
    runs = unpacked(out / "runs.jsonl.gz")
    assert len(runs.splitlines()) == len(records) + 2
    assert "36 of 38 runs kept from an earlier rendering" in index(out)


def test_findings_are_kept_with_their_runs(
    records: Any, make_record: Any, make_task: Any, tmp_path: Path
) -> None:
    reach = {"base_pairs": 10_000_000, "share": 0.25, "enrichment": 5.0, "p_value": 0.01}
    values = {"n_features": 1000, "reaches": [reach]}
    ids = [record.run_id for record in records if record.method == "grids"]
    findings = [Finding(analysis="proximity", run_id=one, values=values) for one in ids]
    lost = Finding(analysis="proximity", run_id="f" * 16, values=values)
    render(records, {"toy": make_task()}, tmp_path, findings=[*findings, lost])
    render([make_record(task="other")], {"toy": make_task()}, tmp_path)
    table = (tmp_path / f"{STEM}proximity.md").read_text(encoding="utf-8")
    # 25% within 10 Mb; the other distances are not known.
    lines = [line.strip("|").split("|") for line in table.splitlines() if "| grids" in line]
    nothing, share, enrichment = "–", "25.00 (25.00 to 25.00)", "5.00 (5.00 to 5.00)"
    wanted = [*[nothing] * 3, share, nothing, nothing, enrichment, "100.0", "3", "9"]
    assert [[cell.strip() for cell in line] for line in lines] == [["grids", *wanted]] * 2
    kept = unpacked(tmp_path / "findings.jsonl.gz")
    assert len(kept.splitlines()) == len(ids)
    assert lost.run_id not in kept


def test_findings_about_a_selection_that_was_chosen_anew_are_dropped(
    make_record: Any, make_task: Any, tmp_path: Path
) -> None:
    same, changed = make_record("VIP/GAD1"), make_record("VIP/GAD2")
    reach = {"base_pairs": 10_000_000, "share": 0.25, "enrichment": 5.0, "p_value": 0.01}
    values = {"n_features": 1000, "reaches": [reach]}
    findings = [
        Finding(analysis="proximity", run_id=one.run_id, values=values) for one in (same, changed)
    ]
    render([same, changed], {"toy": make_task()}, tmp_path, findings=findings)
    later = replace(changed, created="2026-02-01T12:00:00+00:00")
    render([later], {"toy": make_task()}, tmp_path)
    kept = tmp_path / "findings.jsonl.gz"
    assert len(unpacked(kept).splitlines()) == 2
    again = replace(later, indices=list(range(10, 20)))
    render([same, again], {"toy": make_task()}, tmp_path)
    (line,) = unpacked(kept).splitlines()
    assert same.run_id in line
    # What is found about the new selection counts.
    render([again], {"toy": make_task()}, tmp_path, findings=findings[1:])
    assert len(unpacked(kept).splitlines()) == 2


def test_unwritable_folder_is_named(records: Any, tmp_path: Path) -> None:
    # A file where the folder should be stops root too, as a mode would not.
    (tmp_path / "out").write_text("")
    with pytest.raises(XbenchError, match="out") as error:
        render(records, {}, tmp_path / "out")
    assert "\n" not in str(error.value)


# Of ten records it is rendered in all tests above.
@pytest.mark.slow
def test_five_thousand_records_take_seconds(
    make_record: Any, make_task: Any, make_target: Any, tmp_path: Path
) -> None:
    genes = tuple(f"gene{number}" for number in range(20))
    task = make_task(targets=tuple(make_target(f"type{number}", genes) for number in range(7)))
    generator = random.Random(2)
    records = [
        make_record(
            f"{entry.cell_type}/{gene}", f"m{m}", generator.gauss(-5, 1), L=size, repetition=r
        )
        for entry in task.targets
        for gene in genes
        for m in range(6)
        for size in (10, 128)
        for r in range(3)
    ]
    assert len(records) == 5040
    start = time.perf_counter()
    render(records, {"toy": task}, tmp_path)
    # About 3 s on one core; the bound leaves room for a busy machine.
    assert time.perf_counter() - start < 30


def test_tables_and_figures_need_no_network() -> None:
    heavy = "{'anndata', 'numba', 'torch'}"
    code = f"import sys, xbench.leaderboard\nprint(sorted({heavy} & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_budgets_that_differ_are_told(tmp_path: Path) -> None:
    budgets = {"random": "none", "grids": "5 s"}
    records = [replace(one, budget=budgets[one.method]) for one in toy_records()]
    render(records, {"toy": ToyTask()}, tmp_path / "two")
    said = index(tmp_path / "two")
    assert "Budgets differ: " in said
    assert "none: random" in said
    assert "5 s: grids" in said
    render([replace(one, budget="5 s") for one in records], {"toy": ToyTask()}, tmp_path / "one")
    assert "Budgets differ" not in index(tmp_path / "one")
