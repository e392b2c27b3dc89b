"""Values out of records."""

from __future__ import annotations

from typing import Any

from xbench.leaderboard.statistics import values_of_records

PLACE = ("toy", "cortex", "cross-modality")


def make_records(make_record: Any) -> list[dict[str, Any]]:
    return [
        make_record(rel=-2.0, repetition=1),
        make_record(rel=-1.0, repetition=0),
        make_record(rel=-7.0, L=128),
        make_record("Oligo/MOG", rel=-3.0),
        make_record("Oligo/MOG", status="failed", reason="a bug", repetition=1),
        make_record("VIP/GAD2", rel=None),
        make_record("VIP/GAD1", "random", rel=0.5),
        make_record("VIP/GAD1", "random", rel=0.5, dataset="another"),
    ]


def test_repetitions_of_one_metric_at_one_size(make_record: Any) -> None:
    assert values_of_records(make_records(make_record), PLACE, 10, "rel-delta") == {
        "grids": {("VIP", "GAD1"): {0: -1.0, 1: -2.0}, ("Oligo", "MOG"): {0: -3.0}},
        "random": {("VIP", "GAD1"): {0: 0.5}},
    }
