"""Masked pixels, counted by hand and read back from the panels."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from xbench import load_dataset
from xbench.leaderboard.figures.masked_pixels import draw_masked_pixels, masked_pixels, mean_eight

from ...slow_rest import rest_slow
from .layout import assert_legible

PLACE = {"dataset": "mnist-binary"}


def run(make_record: Any, method: str, indices: list[int], after: float, **changes: Any) -> Any:
    metrics = {"own-class-share-after": after, "own-class-share-before": 95.0}
    chosen = {"indices": indices, "metrics": metrics, "L": len(indices), **PLACE, **changes}
    return make_record("8/3", method, **chosen)


def test_shares_of_repetitions_by_hand(make_record: Any) -> None:
    runs = [
        run(make_record, "grids", [0, 29], 2.0),
        run(make_record, "grids", [0, 783], 1.0, repetition=1),
        run(make_record, "lime", [5, 6], 0.5),
        run(make_record, "small", [5], 0.0),
        make_record("8/3", "broken", status="failed", reason="no", L=2, **PLACE),
        replace(run(make_record, "other", [1, 2], 0.0), cell_type="3", target="8"),
        run(make_record, "other", [1, 2], 0.0, dataset="cortex"),
    ]
    masked = masked_pixels(runs)
    assert masked is not None
    assert (masked.size, masked.before) == (2, 95.0)
    assert [(one.method, one.after, one.repetitions) for one in masked.methods] == [
        ("lime", 0.5, 1),
        ("grids", 1.5, 2),
    ]
    wanted = np.zeros((28, 28))
    wanted[0, 0], wanted[1, 1], wanted[27, 27] = 1.0, 0.5, 0.5
    assert np.array_equal(masked.methods[1].shares, wanted)
    assert masked_pixels(runs[4:]) is None


def test_the_mean_eight_is_that_of_the_file() -> None:
    with np.load(str(files("xbench.datasets") / "mnist_binary.npz")) as arrays:
        wanted = arrays["images"][arrays["labels"] == 8].mean(axis=0) / 255
    found = mean_eight(load_dataset("mnist-binary").digest)
    assert found == pytest.approx(wanted, abs=1e-6)
    assert mean_eight("another") is None


@pytest.mark.parametrize("count", rest_slow([1, 8, 13], [1, 13]))
def test_a_panel_a_method_with_its_pixels_in_colour(make_record: Any, count: int) -> None:
    names = ["W" * 40, *(f"method-{index}" for index in range(count - 1))]
    runs = [run(make_record, name, [30, 31], float(index)) for index, name in enumerate(names)]
    masked = masked_pixels(runs)
    assert masked is not None
    figure = Figure()
    draw_masked_pixels(figure, masked, np.full((28, 28), 0.5))
    assert_legible(figure)
    panels = [axes for axes in figure.axes if axes.images]
    assert len(panels) == count
    for panel, method in zip(panels, masked.methods, strict=True):
        shown = panel.images[0].get_array()
        coloured = np.ptp(shown, axis=2) > 0.01  # Grey has three equal parts.
        assert np.array_equal(coloured, method.shares > 0)
        assert panel.texts[1].get_text() == f"{method.after:.2f}% still 8"
