"""The picture of a history: what is drawn, and that the same history gives the same files."""

from __future__ import annotations

from pathlib import Path

import pytest

from xbench.errors import XbenchError
from xbench.testing.performance import Measurement, SuiteRun

pytest.importorskip("matplotlib")

from xbench.testing.performance_plot import draw_history, plot_history

NAMES = ["walk", "grids_step: a_twentieth[10]", "metrics $x_{&", "lime"]


def history(machines: str = "aaa") -> list[SuiteRun]:
    return [
        SuiteRun(
            f"2026-01-1{day}T12:00:00+00:00",
            f"{day}234567890",
            machine,
            {},
            [
                Measurement(name, 0.1, 10.0 * (place + 1) + day, "dense", "4 cells")
                for place, name in enumerate(NAMES)
                if (name, day) != ("lime", 0)
            ],
        )
        for day, machine in enumerate(machines)
    ]


def test_each_benchmark_has_a_panel_with_its_ratios() -> None:
    panels = draw_history(history()).axes
    titles = [axes.get_title(loc="left") for axes in panels]
    assert titles == [f"{name.replace('_', ' ')}\nratio to dense" for name in NAMES]
    assert panels[0].get_lines()[0].get_xydata().tolist() == [[0, 10], [1, 11], [2, 12]]
    # What was not measured is not drawn.
    assert panels[3].get_lines()[0].get_xydata().tolist() == [[1, 41], [2, 42]]
    assert [text.get_text() for text in panels[3].get_xticklabels()] == [
        f"01-1{day}\n{day}234567"[:13] for day in range(3)
    ]


def test_a_change_of_the_machine_breaks_the_line() -> None:
    lines = draw_history(history("aab")).axes[0].get_lines()
    assert [line.get_xydata()[:, 0].tolist() for line in lines] == [[0, 1], [2]]


def test_the_same_history_gives_the_same_files(tmp_path: Path) -> None:
    first = plot_history(history(), tmp_path / "one.png")
    second = plot_history(history(), tmp_path / "two.svg")
    assert [path.name for path in second] == ["two.png", "two.svg"]
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
    assert first[0].read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in first[1].read_bytes()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(XbenchError, match=r"cannot write p.png"):
        plot_history(history(), tmp_path / "file" / "p.png")
