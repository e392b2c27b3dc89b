"""The overview: a study's means, in the order of the ranking, and what is drawn of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from matplotlib.figure import Figure

from xbench.benchmark.task import load_task
from xbench.leaderboard import studies, tidy
from xbench.leaderboard.figures.overview import Overview, draw_overview, overview

from .layout import assert_legible

TASKS = {"pipelines": load_task("pipelines")}


def seen_of(records: list[Any]) -> Overview:
    seen = overview(studies(tidy(records, {}), {})[0])
    assert seen is not None
    return seen


@pytest.fixture
def seen(make_record: Any) -> Overview:
    values = {"grids": -10.0, "random": 0.5, "part": -20.0}
    records = [
        make_record(target, method, value + shift, L=size, repetition=repetition)
        for method, value in values.items()
        for target, shift in (("VIP/GAD1", 0.0), ("VIP/GAD2", 2.0), ("Oligo/MOG", -4.0))
        for size in (10, 20, 128)
        for repetition in range(2)
        if (method, target) != ("part", "VIP/GAD2")
    ]
    fails = {"status": "timeout", "reason": "600 s"}
    records += [make_record("VIP/GAD1", "slow", L=size, **fails) for size in (10, 128)]
    return seen_of(records)


def test_means_order_and_what_does_not_compare(seen: Overview) -> None:
    assert list(seen.by_size) == [10, 128]
    rows = seen.by_size[128]
    assert [row.method for row in rows] == ["grids", "random", "part", "slow"]
    assert rows[0].by_cell_type == pytest.approx({"VIP": -9.0, "Oligo": -14.0})
    assert rows[0].overall is not None
    assert rows[0].overall.mean == pytest.approx(-11.5)
    assert rows[0].overall.low < -11.5 < rows[0].overall.high
    assert rows[0].incomplete == frozenset()
    assert rows[2].incomplete == {"*", "VIP"}
    assert (rows[3].overall, rows[3].by_cell_type, rows[3].instead) == (None, {}, "timeout")


def test_the_drawing_says_the_means_of_the_tables(seen: Overview) -> None:
    figure = Figure()
    draw_overview(figure, seen)
    assert_legible(figure)
    panel = figure.axes[1]
    texts = [text.get_text() for text in panel.texts]
    assert texts == ["−11.500", "−1.000", "−22.000†", "timeout"]
    dots = [line for line in panel.lines if line.get_marker() == "o"]
    assert sorted(float(dot.get_xdata()[0]) for dot in dots) == pytest.approx(
        sorted(value for row in seen.by_size[128] for value in row.by_cell_type.values())
    )
    hollow = [dot for dot in dots if dot.get_markerfacecolor() == "white"]
    assert [float(dot.get_xdata()[0]) for dot in hollow] == pytest.approx([-20.0])
    low, high = panel.get_xlim()
    assert low < 0 < high
    assert panel.get_xlabel().endswith("← better")


def test_a_task_is_drawn_by_what_it_is_ranked_by(make_record: Any) -> None:
    metrics = {"rel-delta": -3.0, "optimality": 0.7}
    records = [
        replace(one, task="pipelines", metrics=metrics)
        for one in (make_record(target, "grids") for target in ("VIP/GAD1", "Oligo/MOG"))
    ]
    seen = overview(studies(tidy(records, TASKS), TASKS)[0])
    assert seen is not None
    assert (seen.metric, seen.direction) == ("optimality", "higher")
    assert seen.by_size[10][0].by_cell_type == {"VIP": 0.7, "Oligo": 0.7}


def test_the_dataset_is_named_in_full(seen: Overview) -> None:
    figure = Figure()
    draw_overview(figure, replace(seen, dataset="simulated-multiome-sparse-7"))
    assert_legible(figure)
    assert any("simulated-multiome-sparse-7: mean" in text.get_text() for text in figure.texts)


def test_without_a_value_there_is_none(make_record: Any) -> None:
    study = studies(tidy([make_record(rel=None)], {}), {})[0]
    assert overview(study) is None
