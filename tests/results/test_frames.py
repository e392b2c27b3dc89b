"""A frame of runs shows what matters, and gives its records back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from xbench.errors import XbenchError
from xbench.results.frames import FIELDS, RunsFrame, records_of
from xbench.results.record import Record
from xbench.results.store import ResultStore


def a_record(**changes: object) -> Record:
    fields: dict[str, object] = {
        "run_id": "00c0ffee00c0ffee", "task": "table1", "task_version": 1, "dataset": "cortex",
        "dataset_digest": "d", "surrogate": "cis", "surrogate_digest": "s", "cell_type": "VIP",
        "target": "GAD1", "method": "grids", "method_digest": "m", "L": 2, "repetition": 0,
        "seed": 7, "status": "ok", "indices": [3, 1], "features": ["p3", "p1"],
        "places": [("chr1", 5, 9), None], "target_place": ("chr2", 7, 99), "target_strand": "+",
        "metrics": {"rel-delta": -3.0, "optimality": None}, "seconds": 0.5, "n_features": 6,
        "parameters": {"steps": 4}, "versions": {"xbench": "0"}, "trace": [{"step": 1.0}],
        "peak_memory_bytes": 3 << 20, "created": "2026-01-31T12:00:00+00:00",
    }  # fmt: skip
    return Record(**{**fields, **changes})  # type: ignore[arg-type]


FAILED = a_record(
    run_id="00c0ffee00c0ffff", method="<img src=x onerror=alert(1)>", status="failed",
    reason="<script>alert(1)</script>", indices=[], features=[], places=[], metrics={},
    target_place=None, n_features=None, peak_memory_bytes=None, trace=[],
)  # fmt: skip


@pytest.fixture
def frame(tmp_path: Path) -> RunsFrame:
    store = ResultStore(tmp_path / "store")
    for record in (a_record(), FAILED):
        store.append(record)
    made = store.to_frame()
    assert isinstance(made, RunsFrame)
    return made


def test_the_records_come_back_as_they_were(frame: RunsFrame) -> None:
    # "optimality" has a value in no run: a frame cannot tell it from a metric nobody asked for.
    first = replace(a_record(), metrics={"rel-delta": -3.0})
    assert records_of(frame) == [first, FAILED]


def test_rows_may_be_chosen_and_sorted(frame: RunsFrame) -> None:
    chosen = frame.sort_values("run_id", ascending=False)[lambda rows: rows["status"] != "ok"]
    assert isinstance(chosen, RunsFrame)
    assert records_of(chosen) == [FAILED]
    assert records_of(pd.DataFrame(frame))[1] == FAILED


def test_a_metric_undefined_in_one_run_stays_undefined_there(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "store")
    other = a_record(run_id="1" * 16, target="MOG", metrics={"rel-delta": None, "optimality": 0.5})
    both = [replace(a_record(), metrics={"rel-delta": -3.0, "optimality": None}), other]
    for record in both:
        store.append(record)
    assert records_of(store.to_frame()) == both


def test_a_frame_without_its_columns_is_refused(frame: RunsFrame) -> None:
    with pytest.raises(XbenchError, match="no column run_id, seed"):
        records_of(frame.drop(columns=["run_id", "seed"]))


def test_a_row_that_contradicts_itself_is_refused(frame: RunsFrame) -> None:
    frame["status"] = "ok"
    with pytest.raises(XbenchError, match="run 00c0ffee00c0ffff: is no record"):
        records_of(frame)


def test_a_notebook_shows_what_matters_and_escapes_names(frame: RunsFrame) -> None:
    assert frame.shown_columns() == [
        "cell_type", "target", "L", "method", "repetition", "status", "rel-delta", "seconds",
        "reason",
    ]  # fmt: skip
    page = frame._repr_html_()
    assert page is not None
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "<img" not in page
    assert "d1" not in page
    assert set(FIELDS) <= set(frame.columns)


def test_a_part_of_a_frame_is_shown_whole(frame: RunsFrame) -> None:
    part = frame[["method", "task"]]
    assert part.shown_columns() == ["method", "task"]
    assert "table1" in (part._repr_html_() or "")


def test_a_record_is_shown_with_its_reason_and_escaped() -> None:
    page = FAILED._repr_html_()
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert ">failed</td>" in page
    page = a_record()._repr_html_()
    assert "p3, p1" in page
    assert ">-3<" in page
    assert "optimality" not in page
