"""Which records count."""

from __future__ import annotations

from typing import Any

import pytest

from xbench.errors import XbenchError
from xbench.results.current import current
from xbench.results.record import Record

from ..leaderboard.conftest import RecordMaker, build_record

EARLY, LATE = "2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"


@pytest.fixture
def make_record() -> RecordMaker:
    """Records as the leaderboard gets them."""
    return build_record


def values(records: list[Record]) -> list[float | None]:
    return [record.metrics["rel-delta"] for record in current(records).records]


def test_latest_record_of_a_run_wins_in_any_order(make_record: Any) -> None:
    old = make_record(rel=-1.0, created=EARLY)
    new = make_record(rel=-2.0, created=LATE)
    assert old.run_id == new.run_id
    assert values([old, new]) == values([new, old]) == [-2.0]


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("task_version", 1, 2),
        ("dataset_digest", "d1", "d2"),
        ("surrogate_digest", "s1", "s2"),
        ("method_version", 1, 2),
        ("parameters", {"steps": 5}, {"steps": 6}),
        ("budget", "none", "600 s"),
    ],
)
def test_two_versions_are_never_in_one_mean(
    make_record: Any, field: str, old: object, new: object
) -> None:
    records = [
        make_record("VIP/GAD1", rel=-1.0, created=EARLY, **{field: old}),
        make_record("VIP/GAD2", rel=-1.0, created=EARLY, **{field: old}),
        make_record("VIP/GAD1", rel=-2.0, created=LATE, **{field: new}),
    ]
    assert values(records) == [-2.0]
    assert current(records).left_out == {("toy", "cortex"): 2}


def test_a_budget_that_is_not_known_is_no_other_one(make_record: Any) -> None:
    """Old records do not tell theirs."""
    records = [
        make_record("VIP/GAD1", rel=-1.0, created=EARLY),
        make_record("VIP/GAD2", rel=-2.0, created=LATE, budget="600 s"),
        make_record("VIP/GAD2", "saliency", rel=-3.0, created=EARLY, budget="none"),
    ]
    assert values(records) == [-1.0, -2.0, -3.0]


def test_another_digest_of_a_method_is_no_other_version(make_record: Any) -> None:
    """Only its author knows whether a change of the code changes results: a version says so."""
    records = [
        make_record("VIP/GAD1", rel=-1.0, created=EARLY, method_digest="m1"),
        make_record("VIP/GAD2", rel=-2.0, created=LATE, method_digest="m2"),
    ]
    assert values(records) == [-1.0, -2.0]


def test_a_run_that_failed_before_its_parameters_were_known_counts(make_record: Any) -> None:
    full = {"steps": 5, "width": 1}
    records = [
        make_record("VIP/GAD1", parameters=full, created=EARLY),
        make_record("VIP/GAD2", status="oom", reason="why", parameters={"steps": 5}, created=LATE),
        make_record("Oligo/MOG", status="oom", reason="why", parameters={"steps": 6}, created=LATE),
    ]
    kept = current(records).records
    assert [record.target for record in kept] == ["GAD1", "GAD2"]


def test_the_newest_record_is_the_one_made_last(make_record: Any) -> None:
    """Also where its run is the one that came first: it was run again."""
    first, other = {"steps": 5}, {"steps": 6}
    records = [
        make_record("VIP/GAD1", rel=-1.0, created=EARLY, parameters=first),
        make_record("VIP/GAD2", rel=-2.0, created=LATE, parameters=other),
        make_record("VIP/GAD1", rel=-3.0, created="2026-01-03T00:00:00+00:00", parameters=first),
    ]
    assert values(records) == [-3.0]


def test_a_new_method_leaves_the_others_alone(make_record: Any) -> None:
    records = [
        make_record(method="random", rel=-1.0, created=EARLY),
        make_record(method="grids", rel=-2.0, created=LATE),
    ]
    assert values(records) == [-2.0, -1.0]
    assert current(records).left_out == {}


def test_a_run_that_never_met_the_surrogate_counts(make_record: Any) -> None:
    skipped = make_record("VIP/GAD2", status="skipped", reason="no gene", surrogate_digest="")
    kept = current([skipped, make_record(created=LATE)]).records
    assert [record.status for record in kept] == ["ok", "skipped"]


def test_names_are_put_on_one_line(make_record: Any) -> None:
    record = current([make_record(method="my\nmethod\u202e\x00\ud800")]).records[0]
    assert record.method == "my method"


def test_star_is_refused_as_a_target(make_record: Any) -> None:
    with pytest.raises(XbenchError, match="target '\\*' stands for means"):
        current([make_record("VIP/*")])


@pytest.mark.parametrize("created", ["2099-01-01T00:00:00+00:00", "9999-12-31", "soon", ""])
def test_a_date_that_cannot_be_is_no_authority(created: str, make_record: Any) -> None:
    strange = make_record(rel=-1.0, created=created, method_version=2)
    known = make_record("VIP/GAD2", rel=-2.0, created=EARLY, method_version=1)
    for order in ([strange, known], [known, strange]):
        kept = current(order).records
        assert [record.method_version for record in kept] == [1]
    assert len(current([strange]).records) == 1


def test_times_of_other_zones_are_compared_as_times(make_record: Any) -> None:
    first = make_record(rel=-1.0, created="2025-01-31T13:00:00+02:00", method_version=1)
    second = make_record(
        "VIP/GAD2", rel=-2.0, created="2025-01-31T12:00:00+00:00", method_version=2
    )
    kept = current([second, first]).records
    assert [record.method_version for record in kept] == [2]
