"""What the page of a target draws, against a genome of seven peaks worked out by hand."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from xbench.analysis.loops import read_loops
from xbench.data.known_link_files import read_known
from xbench.data.known_links import KnownFile
from xbench.leaderboard.site.script_data import compact_json
from xbench.leaderboard.site.target_data import FeatureTable, target_data
from xbench.leaderboard.site.target_pages import export_command
from xbench.leaderboard.site.views import DataHere, read_views
from xbench.results.record import Record
from xbench.utils.text import shown

from .shown_targets import HOSTILE, OPEN, PEAKS, door, runs_of_target, small_genome

Make = Callable[..., Record]
METHODS = ["random", "grids", HOSTILE]


@pytest.fixture(scope="module")
def dataset():
    return small_genome()


def data_of(records, dataset, **beside):
    here = DataHere(dataset, "" if dataset else "it is not here", **beside)
    views = read_views(records, lambda name: here)
    runs = [views.named[record.run_id] for record in records]
    return target_data(runs, views.view(records[0]), METHODS)


def test_selections_are_laid_out_by_feature_with_shares_and_ranks(
    make_record: Make, dataset
) -> None:
    data = data_of(runs_of_target(make_record, dataset), dataset)
    (size,) = data["sizes"]
    assert [one["method"] for one in size["methods"]] == [shown(name) for name in METHODS]
    random, grids, failed = size["methods"]
    names = [row[0] or f"{data['chroms'][row[1]]}:{row[2]}-{row[3]}" for row in data["features"]]
    by_name = {names[number]: (count, rank) for number, count, rank in grids["chosen"]}
    # grids chose peaks 3 and 2, then 3 and 1: twice at rank 1, once each at rank 2.
    assert by_name == {PEAKS[3][0]: (2, 1.0), PEAKS[2][0]: (1, 2.0), PEAKS[1][0]: (1, 2.0)}
    assert grids["ok"] == 2
    assert {names[number] for number, *_ in random["chosen"]} == {
        PEAKS[0][0], PEAKS[4][0], PEAKS[5][0], shown(HOSTILE),
    }  # fmt: skip
    assert (failed["ok"], failed["chosen"], failed["rgb"]) == (0, [], "")
    assert failed["runs"][0][2:] == ["failed", "ValueError: " + shown(HOSTILE)]


def test_places_open_shares_truth_and_genes_come_from_the_data(make_record: Make, dataset) -> None:
    data = data_of(runs_of_target(make_record, dataset), dataset)
    assert data["gene"] == ["chr2", 1_000_000, 1_040_000, "+"]
    assert data["cells"] == 20
    rows = {
        (data["chroms"][chrom], start): level
        for _, chrom, start, _, level in data["features"]
        if chrom >= 0
    }
    assert rows == {
        (chrom, start): count / 20
        for (_, chrom, start, _), count in zip(PEAKS, OPEN, strict=True)
        if chrom
    }
    # Within 2 Mb of the gene: all of chr2 but the peak at 9 Mb.
    assert [data["features"][number][2] for number in data["near"]] == [
        400_000,
        990_000,
        1_000_100,
        1_200_000,
    ]
    truth = [(data["features"][number][2], *told) for number, *told in data["truth"]]
    assert truth == [(990_000, 1, 2.0, 0.5), (1_000_100, 1, 2.0, 0.25), (9_000_000, 2, -1.0, 1.0)]
    assert data["genes"] == [["NEAR", 1_300_000, 1_310_000, ""]]
    assert not data["note"]
    assert not data["unnamed"]


def test_without_data_records_tell_what_they_know(make_record: Make, dataset) -> None:
    old = runs_of_target(make_record, dataset)
    data = data_of(old, None)
    assert data["note"] == "it is not here"
    assert data["unnamed"]
    assert (data["gene"], data["truth"], data["cells"], data["near"]) == (None, None, None, [])
    assert {row[0] for row in data["features"]} == {f"feature {index}" for index in range(7)}
    assert {row[1] for row in data["features"]} == {-1}
    named = [next(iter(read_views(old, door(dataset)).named.values()))]
    data = data_of(named, None)
    assert data["gene"] == ["chr2", 1_000_000, 1_040_000, "+"]
    assert [row[2:4] for row in data["features"]] == [[1_000_100, 1_000_600], [990_000, 990_500]]
    assert {row[4] for row in data["features"]} == {-1}


def test_data_of_another_content_are_not_used(make_record: Make, dataset) -> None:
    other = make_record("VIP/GAD1", "grids", L=1, indices=[2], dataset_digest="another")
    data = data_of([other], dataset)
    assert "another content" in data["note"]
    assert data["features"] == [["feature 2", -1, 0, 0, -1]]


def test_a_target_that_the_data_lack_says_so(make_record: Make, dataset) -> None:
    skipped = make_record(
        "VIP/NONE", "grids", status="skipped", reason="no such gene", dataset_digest=dataset.digest
    )
    assert "unknown gene 'NONE'" in data_of([skipped], dataset)["note"]


def test_loops_and_known_links_of_the_gene_are_shown(
    make_record: Make, dataset, tmp_path: Path
) -> None:
    loops = tmp_path / "loops.bedpe"
    lines = ["chr2 999900 1000100 chr2 1199000 1201000", "chr2 10 20 chr2 500 600"]
    loops.write_text("".join(line.replace(" ", "\t") + "\n" for line in lines))
    links = tmp_path / "links.tsv"
    header = "chrom start end gene regulated"
    rows = ["chr2 990000 990200 GAD1 1", "chr2 400000 400400 GAD1 0", "chr2 5 9 NEAR 1"]
    links.write_text("".join(line.replace(" ", "\t") + "\n" for line in (header, *rows)))
    known = read_known(KnownFile.of(str(links)))
    records = runs_of_target(make_record, dataset)
    data = data_of(records, dataset, links=[known], loops=[read_loops(loops)])
    assert data["loops"] == [[999_900, 1_000_100, 1_199_000, 1_201_000]]
    assert data["links"] == [
        ["chr2", 990_000, 990_200, 1, "links.tsv"], ["chr2", 400_000, 400_400, 0, "links.tsv"],
    ]  # fmt: skip


def test_a_feature_with_one_name_at_two_places_is_two_rows() -> None:
    table = FeatureTable({}, {})
    assert [table.number("p", ("chr1", 1, 2)), table.number("p", ("chr1", 5, 6))] == [0, 1]
    assert table.chroms == ["chr1"]


def test_names_of_strangers_end_no_script(make_record: Make, dataset) -> None:
    text = compact_json(data_of(runs_of_target(make_record, dataset), dataset))
    assert "<" not in text
    assert "\x1b" not in text
    assert "\\u001b" not in text


def test_a_command_is_safe_to_copy(make_record: Make) -> None:
    record = make_record("VIP/$(rm -rf ~)", "grids", dataset="a'; reboot \x1b #")
    words = ["xbench", "runs", "export", "--task", "toy", "--dataset", "a'; reboot   #"]
    words += ["--surrogate", "cross-modality", "--target", "VIP:$(rm -rf ~)"]
    assert shlex.split(export_command(record)) == words
