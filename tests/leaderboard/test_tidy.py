"""Tidy rows against numbers worked by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from xbench.leaderboard import TidyRow, hierarchical_interval, tidy
from xbench.leaderboard.study import studies
from xbench.results.record import Record


def row(rows: Sequence[TidyRow], place: str, metric: str, method: str = "grids") -> TidyRow:
    """Return the one row of a place such as "VIP/GAD1"."""
    found = [
        row
        for row in rows
        if (f"{row.cell_type}/{row.target}", row.metric, row.method) == (place, metric, method)
    ]
    assert len(found) == 1
    return found[0]


@pytest.fixture
def complete(make_record: Any) -> list[Record]:
    scores = {"VIP/GAD1": (-1.0, -3.0), "VIP/GAD2": (-4.0, -6.0), "Oligo/MOG": (-9.0, -9.0)}
    return [
        make_record(target, rel=rel, repetition=repetition)
        for target, values in scores.items()
        for repetition, rel in enumerate(values)
    ]


def test_columns_are_the_published_ones() -> None:
    place = "task dataset surrogate cell_type target method L metric"
    value = "unit direction mean low high n status runs features"
    assert list(TidyRow._fields) == f"{place} {value}".split()


def test_mean_over_repetitions_targets_and_cell_types(complete: Any, make_task: Any) -> None:
    rows = tidy(complete, {"toy": make_task()})
    assert row(rows, "VIP/GAD1", "rel-delta")[10:15] == (-2.0, -3.0, -1.0, 2, "ok")
    cell_type = row(rows, "VIP/*", "rel-delta")
    assert (cell_type.mean, cell_type.n, cell_type.status) == (-3.5, 4, "ok")
    assert tuple(cell_type[11:13]) == hierarchical_interval([[-1.0, -3.0], [-4.0, -6.0]])[1:]
    # The mean of the rows, (-3.5 - 9) / 2, not of the targets, (-2 - 5 - 9) / 3.
    overall = row(rows, "*/*", "rel-delta")
    assert (overall.mean, overall.n, overall.status) == (-6.25, 6, "ok")
    assert row(rows, "*/*", "avg-delta").mean == -62.5


def test_units_and_directions_are_the_declared_ones(complete: Any) -> None:
    complete[0].metrics["of-a-newer-version"] = 1.0
    rows = tidy(complete, {})
    assert row(rows, "VIP/GAD1", "rel-delta")[8:10] == ("%", "lower")
    assert row(rows, "VIP/GAD1", "of-a-newer-version")[8:10] == ("?", "none")
    assert row(rows, "VIP/GAD1", "of-a-newer-version").status == "ok (1 of 2)"


def test_costs_and_counts(complete: Any) -> None:
    complete[0] = replace(complete[0], seconds=1.5)
    rows = tidy(complete, {})
    assert row(rows, "VIP/GAD1", "seconds")[8:15] == ("s", "lower", 1.0, 0.5, 1.5, 2, "ok")
    assert row(rows, "VIP/GAD1", "forward-evaluations")[8:11] == ("cells", "lower", 1024.0)
    assert row(rows, "VIP/GAD1", "gradient-evaluations").mean == 64.0
    assert row(rows, "VIP/GAD1", "peak-memory")[8:11] == ("MiB", "lower", 3.0)
    assert row(rows, "VIP/*", "runs-ok")[8:11] == ("runs", "none", 4.0)
    assert row(rows, "*/*", "runs-ok").mean == 6.0


def test_the_row_of_a_targets_runs_names_what_most_of_them_chose(complete: Any) -> None:
    names = ("chr1:5-9", "chr2:1-3", "chr1:7-8")
    records = [
        replace(complete[0], L=2, repetition=number, indices=[0, 1], features=list(chosen))
        for number, chosen in enumerate((names[:2], names[1:], names[1:]))
    ]
    rows = tidy([*records, replace(complete[2], L=2)], {})
    assert row(rows, "VIP/GAD1", "runs-ok").features == "chr2:1-3; chr1:7-8"
    assert {one.features for one in rows if one.metric != "runs-ok"} == {""}
    # Of an older xbench, and means over targets: no names.
    assert row(rows, "VIP/GAD2", "runs-ok").features == ""
    assert row(rows, "VIP/*", "runs-ok").features == ""


@pytest.mark.parametrize("status", ["failed", "skipped", "timeout", "oom"])
def test_a_target_without_result_has_rows_without_numbers(
    make_record: Any, make_task: Any, status: str
) -> None:
    records = [make_record("VIP/GAD1"), make_record("VIP/GAD2", status=status, reason="the why")]
    rows = tidy(records, {"toy": make_task()})
    for metric in ("avg-delta", "rel-delta", "seconds", "peak-memory"):
        lost = row(rows, "VIP/GAD2", metric)
        assert math.isnan(lost.mean)
        assert math.isnan(lost.low)
        assert (lost.n, lost.status) == (0, f"{status}: the why")
    over = row(rows, "VIP/*", "rel-delta")
    assert (over.mean, over.n, over.status) == (-10.0, 1, "1 of 2 targets")
    # Oligo/MOG is declared, but was never run.
    assert row(rows, "*/*", "rel-delta").status == "1 of 3 targets"


def test_all_metrics_of_the_task_have_rows_when_everything_failed(
    make_record: Any, make_task: Any
) -> None:
    rows = tidy([make_record(status="failed", reason="bug\non two lines")], {"toy": make_task()})
    lost = row(rows, "*/*", "rel-delta")
    assert math.isnan(lost.mean)
    assert (lost.n, lost.status) == (0, "failed: bug on two lines")


def test_partial_failure_is_counted_and_says_why(make_record: Any) -> None:
    records = [
        make_record(rel=-1.0, repetition=0),
        make_record(rel=-2.0, repetition=1),
        make_record(status="timeout", reason="600 s", repetition=2),
    ]
    rows = tidy(records, {})
    partial = row(rows, "VIP/GAD1", "rel-delta")
    assert (partial.mean, partial.n, partial.status) == (-1.5, 2, "ok (2 of 3)")
    assert row(rows, "*/*", "rel-delta").status == "ok (2 of 3)"
    failed = row(rows, "VIP/GAD1", "runs-failed")
    assert (failed.mean, failed.n, failed.status) == (1.0, 2, "timeout: 600 s")
    assert row(rows, "VIP/GAD1", "runs-skipped")[10:15] == pytest.approx(
        (0.0, math.nan, math.nan, 2, "ok"), nan_ok=True
    )


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_metric_without_value_is_no_zero(make_record: Any, value: float | None) -> None:
    record = make_record()
    record.metrics["rel-delta"] = value
    lost = row(tidy([record], {}), "VIP/GAD1", "rel-delta")
    assert math.isnan(lost.mean)
    assert (lost.n, lost.status) == (0, "no value: 1 of 1 runs ok, none has this number")


def test_surrogates_are_not_mixed(make_record: Any) -> None:
    records = [
        make_record(rel=-1.0),
        make_record(rel=-5.0, surrogate="simulator", run_id="another"),
    ]
    means = {
        row.surrogate: row.mean
        for row in tidy(records, {})
        if (row.metric, row.cell_type) == ("rel-delta", "*")
    }
    assert means == {"cross-modality": -1.0, "simulator": -5.0}


def test_own_targets_are_not_held_against_those_a_task_declares(
    make_record: Any, make_task: Any
) -> None:
    own = [make_record("14/Gad1", name) for name in ("random", "grids")]
    tasks = {"toy": make_task()}
    rows = {(row.target, row.metric): row for row in tidy(own, tasks) if row.method == "grids"}
    assert rows["*", "rel-delta"].status == "ok"
    (study,) = studies(tidy(own, tasks), tasks)
    assert study.cell_types == ["14"]
    assert not study.asks_its_own
    # With one of the declared ones the others are missed.
    mixed = [*own, make_record("VIP/GAD1", "grids")]
    overall = row(tidy(mixed, tasks), "*/*", "rel-delta")
    assert overall.status == "2 of 4 targets"
    (study,) = studies(tidy(mixed, tasks), tasks)
    assert study.cell_types == ["VIP", "Oligo", "14"]
