"""Curves of redundancy: by hand, against the model itself, and as drawn."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from xbench.analysis.redundancy import redundancy
from xbench.data.dataset import Target
from xbench.leaderboard.figures.redundancy_curves import (
    draw_redundancy_curves,
    redundancy_curves,
    spread,
)
from xbench.mask import masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.results.findings import Finding

from .layout import assert_legible, written


def test_targets_weigh_the_same_however_many_repetitions(
    make_record: Any, make_runs: Any, make_redundancy: Any
) -> None:
    runs = [
        make_record("VIP/GAD1", L=2),
        make_record("VIP/GAD1", L=2, repetition=1),
        make_record("Oligo/MOG", L=2, ordered=False),
    ]
    findings = [
        make_redundancy(runs[0], 2.0, [0.2, 0.4], [0.1, 0.0]),
        make_redundancy(runs[1], 2.0, [0.4, 0.8], [0.1, 0.2]),
        make_redundancy(runs[2], 1.0, [0.5, 0.9], [0.4, 0.3]),
    ]
    found = redundancy_curves(make_runs(runs, findings))
    assert found is not None
    assert (found.size, found.n_targets, len(found.curves)) == (2, 2, 1)
    curve = found.curves[0]
    assert curve.drops == pytest.approx([0.0, (15 + 50) / 2, (30 + 90) / 2])
    assert curve.left_out == pytest.approx([(7.5 + 40) / 2, (2.5 + 30) / 2])
    assert not curve.ordered


def test_what_cannot_be_had_is_passed_over(
    make_record: Any, make_runs: Any, make_redundancy: Any
) -> None:
    runs = [make_record("VIP/GAD1", method=f"m{index}", L=2) for index in range(4)]
    findings = [
        make_redundancy(runs[0], 0.0, [0.2, 0.4], [0.1, 0.0]),
        make_redundancy(runs[1], 1.0, [0.2], [0.1, 0.0]),
        make_redundancy(runs[2], 1.0, [0.2, float("nan")], [0.1, 0.0]),
    ]
    assert redundancy_curves(make_runs(runs, findings)) is None
    findings.append(make_redundancy(runs[3], 1.0, [0.2, 0.3], [0.0, 0.1]))
    found = redundancy_curves(make_runs(runs, findings))
    assert found is not None
    assert [curve.method for curve in found.curves] == ["m3"]


def test_the_curve_is_that_of_the_model(make_record: Any, make_runs: Any) -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    with torch.no_grad():
        model[2].bias += 3
    cells = np.random.default_rng(0).random((9, 6)).astype(np.float32)
    chosen = [4, 1, 3]
    population = masked_population(model, cells, Target("VIP", "GAD1", 0), OBJECTIVES["expression"])
    record = make_record("VIP/GAD1", L=3, indices=chosen)
    values = asdict(redundancy(population, chosen))
    finding = Finding(analysis="redundancy", run_id=record.run_id, values=values)
    found = redundancy_curves(make_runs([record], [Finding.from_json(finding.to_json())]))
    assert found is not None

    def mean(masked: list[int]) -> float:
        changed = cells.copy()
        changed[:, masked] = 0
        with torch.no_grad():
            return float(model(torch.from_numpy(changed)).double().mean())

    before = mean([])
    drops = [100 * (before - mean(chosen[:count])) / before for count in range(4)]
    assert found.curves[0].drops == pytest.approx(drops, abs=1e-4)
    others = [[one for one in chosen if one != left] for left in chosen]
    lost = sorted((100 * (mean(kept) - mean(chosen)) / before for kept in others), reverse=True)
    assert found.curves[0].left_out == pytest.approx(lost, abs=1e-4)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 10), min_size=1, max_size=12), st.sampled_from([0.1, 0.5, 0.8]))
def test_labels_move_no_more_than_they_must(wanted: list[float], apart: float) -> None:
    height = 10.0
    places = spread(wanted, apart, height)
    order = sorted(range(len(wanted)), key=lambda index: (wanted[index], -index))
    ordered = np.array([places[index] for index in order])
    assert (np.diff(ordered) >= apart - 1e-9).all()
    assert ordered[0] >= 0
    assert ordered[-1] <= height + 1e-9
    # The least squares solution is isotonic once the distances are taken off.
    steps = apart * np.arange(len(wanted))
    free = isotonic_regression(np.array([wanted[index] for index in order]) - steps).x
    assert ordered == pytest.approx(np.clip(free, 0, height - steps[-1]) + steps, abs=1e-7)


def test_each_line_has_its_name_and_nothing_overlaps(
    make_record: Any, make_runs: Any, make_redundancy: Any
) -> None:
    runs, findings = [], []
    for index, name in enumerate(["random", "grids", "lime", "a-method-of-a-very-long-name"]):
        for target in ("VIP/GAD1", "Oligo/MOG")[: 1 if name == "lime" else 2]:
            record = make_record(target, name, L=3, ordered=name != "grids")
            drop = 0.1 * (index > 0) + 1e-4 * index
            runs.append(record)
            findings.append(make_redundancy(record, 1.0, [0.0, drop / 2, drop], [0.05, 0.02, 0.0]))
    found = redundancy_curves(make_runs(runs, findings))
    assert found is not None
    figure = Figure()
    draw_redundancy_curves(figure, found)
    assert_legible(figure)
    left, right = figure.axes
    lines = [line for line in left.lines if len(line.get_xdata()) == 4]
    for line, curve in zip(lines, found.curves, strict=True):
        assert np.array_equal(line.get_ydata(), curve.drops)
    assert len({(line.get_color(), str(line.get_linestyle())) for line in lines}) == 4
    names = [text.get_text() for text in left.texts]
    assert names[:2] == ["a-method-of-a-very-long-n…", "lime† (1 of 2)"]
    assert left.get_ylim()[0] <= 0
    assert right.get_ylim()[0] <= 0
    below = " ".join(text.get_text() for text in written(figure))
    assert "Without an order, so that one of many is shown left: grids." in below
    assert "does not compare" in below
