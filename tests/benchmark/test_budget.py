"""A method whose budget is spent is told so, and its best so far is a result that says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from xbench.benchmark.request import Request
from xbench.benchmark.resolve import ask
from xbench.errors import XbenchError
from xbench.results.record import Record

from .workbench import stored, write_method

Run = Callable[..., pd.DataFrame]
STEPPING = """
def explain(self, problem):
    steps = 0
    while not problem.exhausted() and steps < 50:
        problem.population.losses([[steps % 30]])
        steps += 1
    return Selection(range(problem.subset_size), details={"steps": steps})
"""


def _record(run: Run, folder: Path, **limits: float) -> Record:
    file = write_method(folder, "stepping", STEPPING)
    run(task=limits, method_files=[file], store=folder / "store")
    return stored(folder / "store")[0]


def test_without_a_budget_nothing_stops(run: Run, tmp_path: Path) -> None:
    record = _record(run, tmp_path)
    assert (record.stopped, record.details) == ("", {"steps": 50})
    assert record.budget == "none"


def test_evaluations_of_both_kinds_count_in_cells(run: Run, tmp_path: Path) -> None:
    # 14 training cells a question: two are 28 evaluations, three are 42.
    record = _record(run, tmp_path, budget_evaluations=30)
    assert record.status == "ok"
    assert record.forward_evaluations == 42
    assert record.details == {"steps": 3}
    assert record.stopped == "its budget of 30 evaluations was spent"
    assert record.budget == "30 evaluations"


def test_wall_time_stops_too(run: Run, tmp_path: Path) -> None:
    record = _record(run, tmp_path, budget_seconds=1e-6)
    assert record.details == {"steps": 0}
    assert record.stopped == "its budget of 1e-06 s was spent"
    assert record.budget == "1e-06 s"


def test_a_budget_may_be_given_instead_of_the_tasks(run: Run, tmp_path: Path) -> None:
    file = write_method(tmp_path, "stepping", STEPPING)
    options = {"method_files": [file], "store": tmp_path / "store", "budget_evaluations": 30}
    (first,) = run(**options)["run_id"]
    (second,) = run(**{**options, "budget_evaluations": 10})["run_id"]
    records = {record.run_id: record for record in stored(tmp_path / "store")}
    assert records[first].details == {"steps": 3}
    assert records[second].details == {"steps": 1}
    # 600 in Python and 600.0 of the command line name one run.
    tasks = [ask(Request("quick", budget_seconds=seconds)).task for seconds in (600, 600.0)]
    assert repr(tasks[0].budget_seconds) == repr(tasks[1].budget_seconds) == "600.0"
    with pytest.raises(XbenchError, match="budget_seconds 0: must be above 0"):
        run(method_files=[file], budget_seconds=0)
