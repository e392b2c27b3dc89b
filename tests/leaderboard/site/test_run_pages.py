"""The runs that pages fetch: everything in a record, given back as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import pytest

from xbench.leaderboard.site.contents import Source, site_of
from xbench.leaderboard.site.run_pages import MOST_LISTED, chunk_data, chunk_of, list_data
from xbench.leaderboard.site.views import read_views
from xbench.results.record import Record
from xbench.results.run_facts import SECTIONS, known_fields

from .shown_targets import HOSTILE, TRACEBACK, door, runs_of_target, small_genome

Make = Callable[..., Record]


@pytest.fixture(scope="module")
def dataset():
    return small_genome()


def chunk(records, open_data=None, pages=None):
    views = read_views(records, open_data) if open_data else read_views(records)
    return views, json.loads(json.dumps(chunk_data(records, views, pages or {})))


def test_every_field_of_a_record_comes_back(make_record: Make, dataset) -> None:
    records = runs_of_target(make_record, dataset)
    views, data = chunk(records, door(dataset))
    for record in records:
        kept = data["runs"][record.run_id]
        found = {
            name: data["pool"][at] for name, at in zip(data["fields"], kept["pooled"], strict=True)
        }
        found |= {name: value for name, value in kept.items() if name in known_fields()}
        found |= {"run_id": record.run_id, "seed": int(kept["seed"])}
        expected = json.loads(
            json.dumps(asdict(views.named[record.run_id]))
            .replace("\\u001b", " ")
            .replace("\\u0007", " ")
        )
        # Names and places are those of the chosen features; what is None is left out.
        rows = [data["features"][number] for number in kept["chosen"]]
        places = [None if row[1] < 0 else [data["chroms"][row[1]], *row[2:4]] for row in rows]
        found["features"] = [
            row[0] or "{}:{}-{}".format(*place) for row, place in zip(rows, places, strict=True)
        ]
        found["places"] = places
        none = {name for name, value in expected.items() if value is None}
        assert {**dict.fromkeys(none), **found} == expected


def test_which_are_true_is_said_where_it_is_known(make_record: Make, dataset) -> None:
    records = runs_of_target(make_record, dataset)
    _, data = chunk(records, door(dataset))
    # grids: peaks 3 and 2 are true; 3 is and 1 is not. random: neither; 5 is (it represses), 4 not.
    assert [data["runs"][one.run_id]["true"] for one in records[:4]] == [[0, 1], [0], [], [0]]
    _, data = chunk(records)
    assert {run["true"] for run in data["runs"].values()} == {None}
    assert data["runs"][records[0].run_id]["unnamed"]


def test_a_failed_run_has_its_traceback_without_control_characters(
    make_record: Make, dataset
) -> None:
    records = runs_of_target(make_record, dataset)
    _, data = chunk(records, pages={(*records[0].study, "VIP", "GAD1"): "target/a.html"})
    failed = data["runs"][records[-1].run_id]
    assert failed["traceback"] == TRACEBACK.replace("\x07", " ")
    assert data["pool"][failed["page"]] == "target/a.html"


def test_what_runs_share_is_written_once(make_record: Make, dataset) -> None:
    _, data = chunk(runs_of_target(make_record, dataset))
    versions = [value for value in data["pool"] if isinstance(value, dict) and "torch" in value]
    assert len(versions) == 1
    # 1 and True, which are equal to Python, are two values.
    assert [type(one) for one in data["pool"] if one == 1 and one is not None] == [int, bool]


def test_files_are_named_by_ids_alone(make_record: Make) -> None:
    assert chunk_of("ab01234567890123") == "ab"
    assert {chunk_of(one) for one in ("", "AB01234567890123", "../x", "ab", "con")} == {"odd"}


def test_runs_without_a_result_are_listed_failures_first(make_record: Make, make_task) -> None:
    records = [
        make_record("VIP/GAD1", "grids"),
        make_record("VIP/GAD2", "a", status="skipped", reason="no model"),
        make_record("VIP/GAD1", HOSTILE, status="timeout", reason="too long"),
    ]
    data = list_data(site_of([Source("s", records)], {"toy": make_task()}))
    assert data["counts"] == {"ok": 1, "skipped": 1, "timeout": 1}
    assert [row[1:3] for row in data["without"]] == [
        ["timeout", "too long"],
        ["skipped", "no model"],
    ]
    assert data["metrics"]["rel-delta"][0] == "Rel. Δ(%)"
    assert [title for title, _ in data["sections"]] == list(SECTIONS)
    assert data["more"] == 0
    many = [
        make_record(f"VIP/G{number}", "a", status="skipped", reason="no")
        for number in range(MOST_LISTED + 3)
    ]
    listed = list_data(site_of([Source("s", many)], {"toy": make_task()}))
    assert (len(listed["without"]), listed["more"]) == (MOST_LISTED, 3)
