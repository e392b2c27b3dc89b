"""``xbench reproduce``: from a command to the paper's tables and figures beside ours."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from xbench.cli import main
from xbench.results.findings import append_findings
from xbench.results.scores import score_finding
from xbench.results.store import ResultStore

SMALL = (
    "--dataset", "simulated-multiome-small", "--surrogate", "oracle", "--jobs", 1,
    "--methods", "random,grids", "-L", "5,10", "--seeds", 2,
    "--target", "VIP:GAD1", "--target", "Oligo:MOG",
)  # fmt: skip


EVERYTHING = ("table1", "table3", "figure2", "figure3", "hic", "redundancy")
# Contact maps of each cell type are half of the work; tests/analysis looks into small ones. Figure
# 2 is drawn into the same folder before, alone; pages show it whichever command has drawn it.
QUICK = tuple(name for name in EVERYTHING if name not in ("hic", "figure2"))
MAPS = ("contacts-loops.bedpe", "contacts-contacts.cool", "matched-maps")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(QUICK, id="without maps"),
        pytest.param(EVERYTHING, id="with maps", marks=pytest.mark.slow),
    ],
)
def names(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """What is reproduced."""
    found: tuple[str, ...] = request.param
    return found


class Reproduced(NamedTuple):
    """A folder with all of it, and what was printed when there was the figure alone."""

    folder: Path
    figure: str


@pytest.fixture(scope="module")
def reproduced(
    names: tuple[str, ...], cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Reproduced:
    folder = tmp_path_factory.mktemp("reproduced")
    # Where it is drawn with the others, too, none may lie there before.
    alone = tmp_path_factory.mktemp("figure") if "figure2" in names else folder
    figure = ("figure2", "--dataset", "simulated-multiome-small", "--surrogate", "oracle")
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XBENCH_CACHE", str(cache))
        patch.setenv("XBENCH_DATA", str(folder / "no-data"))
        for words in ((*figure, *kept_in(alone)), (*names, *SMALL, *kept_in(folder))):
            out, errors = io.StringIO(), io.StringIO()
            quiet = contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors)
            with quiet[0], quiet[1], pytest.raises(SystemExit) as ended:
                main(["reproduce", *map(str, words)])
            assert not ended.value.code, errors.getvalue()
            said.append(out.getvalue())
    return Reproduced(folder, said[0])


@pytest.fixture
def folder(reproduced: Reproduced) -> Path:
    return reproduced.folder


def published(folder: Path) -> Path:
    return folder / "leaderboard"


def kept_in(folder: Path) -> tuple[Any, ...]:
    return ("--store", folder / "results", "--out", folder / "leaderboard")


@pytest.mark.filterwarnings("ignore")
def test_every_result_of_the_simulation_is_made_and_rendered(
    names: tuple[str, ...], folder: Path
) -> None:
    found = {path.name for path in published(folder).iterdir()}
    stem = "table1--simulated-multiome-small"
    for table in (
        "table1", "table3", "ranked", "claims", "tiers", "beside-table1", "beside-table3",
        "significance", "budget", "stability", "proximity", "redundancy",
        *(MAPS if "hic" in names else ()),
    ):  # fmt: skip
        assert {f"{stem}--{table}.{ending}" for ending in ("md", "tex")} <= found
    assert {f"figure2--simulated-multiome-small--oracle.{end}" for end in ("json", "png")} <= found
    page = (published(folder) / "README.md").read_text(encoding="utf-8")
    assert "Mean R² of the markers' cell-type means on test cells" in page
    assert "| not testable here | lime fails at this size" in page


def test_every_number_of_a_target_leads_to_its_runs(folder: Path) -> None:
    text = (published(folder) / "results.csv").read_text(encoding="utf-8")
    lines = list(csv.DictReader(text.splitlines()))
    runs = {
        record["run_id"]: record
        for line in gzip.decompress((published(folder) / "runs.jsonl.gz").read_bytes()).splitlines()
        for record in [json.loads(line)]
    }
    own = [line for line in lines if line["target"] != "*" and line["metric"] == "rel-delta"]
    assert len(own) == 2 * 2 * 2
    for line in own:
        values = [runs[one]["metrics"]["rel-delta"] for one in line["runs"].split()]
        assert len(values) == 2
        assert float(line["mean"]) == pytest.approx(sum(values) / 2, rel=1e-5, abs=1e-9)


def test_a_second_time_nothing_is_run_or_analysed_and_the_page_is_the_same(
    names: tuple[str, ...], xbench_command: Callable[..., Any], folder: Path
) -> None:
    before = {path.name: path.read_bytes() for path in published(folder).iterdir()}
    assert xbench_command("reproduce", *names, *SMALL, *kept_in(folder)).code == 0
    assert {path.name: path.read_bytes() for path in published(folder).iterdir()} == before
    # What `xbench score` has computed meanwhile is on it too.
    store = ResultStore(folder / "results")
    (one, *_) = (record for record in store.records() if record.status == "ok")
    append_findings(store.folder, [score_finding(one.run_id, "rel-delta-expm1", -12.3456)])
    assert xbench_command("reproduce", *names, *SMALL, *kept_in(folder)).code == 0
    assert b"-12.3456" in gzip.decompress((published(folder) / "runs.jsonl.gz").read_bytes())


def test_an_unknown_result_is_named(refused: Callable[..., str], tmp_path: Path) -> None:
    line = refused("reproduce", "table4", *SMALL, *kept_in(tmp_path))
    assert "unknown result 'table4'. Nearest: table" in line


def test_maps_of_cell_types_are_named(refused: Callable[..., str], tmp_path: Path) -> None:
    loops = tmp_path / "a.bedpe"
    loops.write_text("chr1\t10\t20\tchr1\t500\t600\n")
    asked = ("reproduce", "hic", *SMALL, *kept_in(tmp_path))
    line = refused(*asked, "--hic", f"Mikro={loops}")
    assert "unknown cell type 'Mikro'" in line
    assert "Micro" in line
    line = refused(*asked, "--hic", f"VIP={loops}", "--hic", f"VIP={loops}")
    assert "another map of this cell type" in line
    line = refused(*asked, "--hic", f"VIP={tmp_path / 'none.bedpe'}")
    assert "none.bedpe" in line
    assert not (tmp_path / "results").exists()


def test_what_cannot_be_is_refused_before_anything_is_run(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    loops = tmp_path / "a.bedpe"
    loops.write_text("chr1\t10\t20\tchr1\t500\t600\n")
    kept = kept_in(tmp_path)
    line = refused(
        "reproduce", "hic", *SMALL, *kept, "--hic", f"astro={loops}", "--hic", f"Astro={loops}"
    )
    assert "there is another map of Astro" in line
    assert "is for the result hic" in refused("reproduce", "table1", *SMALL, *kept, "--hic", loops)
    assert "must end in one of: .cool" in refused(
        "reproduce", "hic", *SMALL, *kept, "--hic", tmp_path
    )
    far = tmp_path / "far.bedpe"
    far.write_text("chr1\t10\t20\tchr1\t249000000\t249000100\n")
    assert "past the end in hg38" in refused("reproduce", "hic", *SMALL, *kept, "--hic", far)
    same = ("--surrogate-seed", 1, "--second-seed", 1)
    assert "is the seed of the first" in refused("reproduce", "transfer", *SMALL, *same, *kept)
    assert "is a file" in refused(
        "reproduce", "table1", *SMALL, "--store", tmp_path / "results", "--out", loops
    )
    assert not (tmp_path / "results").exists()


def test_the_figure_alone_is_named(reproduced: Reproduced) -> None:
    lines = reproduced.figure.split()
    assert [Path(line).suffix for line in lines] == [".json", ".png", ".svg"]
    assert all(Path(line).is_file() for line in lines)


def test_figure3_says_why_it_is_not_drawn(
    xbench_command: Callable[..., Any], tmp_path: Path
) -> None:
    few = ("--target", "VIP:GAD1", "--methods", "random", "-L", 5, "--seeds", 1)
    ended = xbench_command(
        "reproduce", "figure3", "--dataset", "simulated-multiome-small", "--surrogate", "oracle",
        *few, *kept_in(tmp_path),
    )  # fmt: skip
    assert ended.code == 0
    assert not list(published(tmp_path).glob("*figure3*"))
    assert "figure3: not drawn: it needs finished runs of the method grids" in ended.err


def test_a_map_that_is_not_there_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    missing = tmp_path / "no-such.cool"
    line = refused("reproduce", "hic", *SMALL, *kept_in(tmp_path), "--hic", missing)
    assert "no-such.cool" in line
