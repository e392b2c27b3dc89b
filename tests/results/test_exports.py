"""Selections by name and place, as genome browsers and spreadsheets read them."""

import csv
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from xbench.errors import XbenchError
from xbench.results.exports import bed_text, chosen_features, links_text, table_text
from xbench.results.record import Record

Make = Callable[..., Record]
PLACES = {"near": ("chr2", 700, 900), "far": ("chr2", 5000, 5100), "other": ("chr9", 10, 20)}


def run(make_record: Make, method: str, names: list[str], **more: Any) -> Record:
    fields: dict[str, Any] = {
        "cell_type": "VIP",
        "target": "GAD1",
        "L": len(names),
        "indices": list(range(len(names))),
        "features": names,
        "places": [PLACES.get(name) for name in names],
        "target_place": ("chr2", 1000, 2000),
    }
    return make_record(run_id=f"{method}{names}", method=method, **{**fields, **more})


def test_shares_ranks_and_choosers_are_counted_by_hand(make_record: Make) -> None:
    chosen = chosen_features(
        [
            run(make_record, "grids", ["near", "far"], ordered=True, repetition=0),
            run(make_record, "grids", ["other", "near"], ordered=True, repetition=1),
            run(make_record, "lime", ["near", "nowhere"]),
            make_record(run_id="bad", status="failed"),
        ]
    )
    rows = [(one.method, one.feature, one.share, one.rank, one.distance) for one in chosen]
    assert rows == [
        ("grids", "near", 1.0, 1.5, -101),
        ("grids", "other", 0.5, 1.0, None),
        ("grids", "far", 0.5, 2.0, 3001),
        ("lime", "near", 1.0, None, -101),
        ("lime", "nowhere", 1.0, None, None),
    ]
    assert [one.methods for one in chosen] == [
        ("grids", "lime"), ("grids",), ("grids",), ("grids", "lime"), ("lime",),
    ]  # fmt: skip


def test_runs_of_several_tasks_are_not_repetitions_of_one(make_record: Make) -> None:
    records = [run(make_record, "lime", ["near"], task=name) for name in ("links", "table1")]
    with pytest.raises(XbenchError, match="runs of the tasks links, table1; choose one, by --task"):
        chosen_features(records)
    records = [replace(records[0], target="GAD2"), records[1]]
    assert [one.share for one in chosen_features(records)] == [1.0, 1.0]


def test_a_feature_in_the_gene_is_at_distance_0(make_record: Make) -> None:
    inside = run(make_record, "grids", ["in"], places=[("chr2", 1500, 1600)])
    touching = run(make_record, "lime", ["end"], places=[("chr2", 2000, 2100)])
    assert [one.distance for one in chosen_features([inside, touching])] == [0, 1]


def test_with_a_strand_distances_are_from_the_start_of_the_gene(make_record: Make) -> None:
    places = {
        "up": ("chr2", 700, 900),
        "in": ("chr2", 1_500, 1_600),
        "down": ("chr2", 5_000, 5_100),
    }
    found = {}
    for strand in "+-":
        one = run(
            make_record, "grids", list(places), places=list(places.values()), target_strand=strand
        )
        chosen = {peak.feature: peak for peak in chosen_features([one])}
        found[strand] = {name: (peak.distance, peak.side) for name, peak in chosen.items()}
        lines = bed_text(list(chosen.values())).splitlines()[1:]
        assert {line.split("\t")[5] for line in lines} == {strand}
        (start,) = {line.split("\t")[4] for line in links_text(list(chosen.values())).splitlines()}
        assert start == {"+": "1000", "-": "1999"}[strand]
    # The gene is at 1000 to 2000: counted from base 1000, or from base 1999 and the other way.
    assert found["+"] == {
        "up": (-101, "upstream"), "in": (500, "downstream"), "down": (4_000, "downstream"),
    }  # fmt: skip
    assert found["-"] == {
        "up": (1_100, "downstream"), "in": (400, "downstream"), "down": (-3_001, "upstream"),
    }  # fmt: skip


def test_the_share_of_methods_counts_those_that_answered(make_record: Make) -> None:
    runs = [run(make_record, name, ["near", "far"]) for name in ("grids", "lime")]
    runs += [run(make_record, "shap", ["far", "other"]), make_record(run_id="bad", status="failed")]
    shares = {one.feature: one.method_share for one in chosen_features(runs)}
    assert shares == {"near": 2 / 3, "far": 1.0, "other": 1 / 3}


def test_a_table_is_read_back_by_pandas(make_record: Make, tmp_path: Any) -> None:
    path = tmp_path / "selection.tsv"
    path.write_text(table_text(chosen_features([run(make_record, "grids", ["near", "nowhere"])])))
    frame = pd.read_csv(path, sep="\t")
    assert list(frame.feature) == ["near", "nowhere"]
    assert frame.start.tolist()[0] == 700
    assert frame.chrom.isna().tolist() == [False, True]


def test_bed_is_sorted_and_has_nine_columns_and_thousandths(make_record: Make) -> None:
    records = [run(make_record, "grids", ["other", "far"]), run(make_record, "lime", ["near"])]
    track, *lines = bed_text(chosen_features(records)).splitlines()
    assert track.startswith("track ")
    rows = list(csv.reader(lines, delimiter="\t"))
    assert [row[:4] for row in rows] == [
        ["chr2", "700", "900", "GAD1|lime|near"],
        ["chr2", "5000", "5100", "GAD1|grids|far"],
        ["chr9", "10", "20", "GAD1|grids|other"],
    ]
    assert {len(row) for row in rows} == {9}
    assert {row[4] for row in rows} == {"1000"}
    colours = {row[3].split("|")[1]: row[8] for row in rows}
    assert len(set(colours.values())) == 2
    assert all(0 <= int(part) <= 255 for one in colours.values() for part in one.split(","))


def test_links_join_a_feature_and_its_gene(make_record: Make) -> None:
    text = links_text(chosen_features([run(make_record, "grids", ["near", "nowhere"])]))
    assert text == "chr2\t700\t900\tchr2\t1000\t2000\tGAD1|grids|near\t1000\t.\t.\n"


def test_names_of_strangers_break_no_line(make_record: Make) -> None:
    odd = "a\tb\nchr1\t0\t5"
    chosen = chosen_features([run(make_record, "grids", [odd], places=[("chr1", 0, 5)])])
    assert len(bed_text(chosen).splitlines()) == 2
    assert len(bed_text(chosen).splitlines()[1].split("\t")) == 9
    assert {len(line.split("\t")) for line in table_text(chosen).splitlines()} == {18}


def test_a_run_without_names_says_how_to_get_them(make_record: Make) -> None:
    with pytest.raises(XbenchError, match=r"older xbench.*--again"):
        chosen_features([make_record(indices=[3])])
