"""Runs in MLflow: what its own client reads back is what the store holds, each run once."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from xbench.cli.runs import export_and_show
from xbench.errors import XbenchError
from xbench.results.manage import Choice
from xbench.results.mlflow_log import RUN_TAG, log_runs
from xbench.results.record import Record
from xbench.results.store import ResultStore

mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed: the extra 'mlflow'")
MakeRecord = Callable[..., Record]


@pytest.fixture(params=["folder", "database"])
def uri(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "folder":
        # Newer versions want to be told that a folder is meant.
        monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        return (tmp_path / "mlruns").as_uri()
    for name in ("sqlalchemy", "alembic"):
        pytest.importorskip(name, reason=f"{name} is not installed: MLflow's databases need it")
    return f"sqlite:///{tmp_path}/runs.db"


@pytest.fixture
def records(make_record: MakeRecord) -> list[Record]:
    one = replace(make_record("0" * 16), parameters={"steps": 30, "name": "x"})
    nothing: dict[str, Any] = {"metrics": {}, "indices": [], "features": []}
    failed = replace(one, run_id="f" * 16, status="failed", reason="no room", **nothing)
    metrics = {"rel-delta": -1.5, "avg-delta": None}
    other = replace(one, run_id="a" * 16, L=one.L, repetition=7, metrics=metrics)
    return [one, failed, other]


def logged(uri: str, task: str) -> list[Any]:
    """Return the runs of a task's experiment, as MLflow's own client reads them."""
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(f"xbench/{task}")
    return list(client.search_runs([experiment.experiment_id]))


def test_every_run_is_there_once_with_what_its_record_says(records: list[Record], uri: str) -> None:
    assert log_runs(records[:2], uri) == (2, 0)
    assert log_runs(records, uri) == (1, 2)
    assert log_runs(records, uri) == (0, 3)
    found = logged(uri, records[0].task)
    assert sorted(one.data.tags[RUN_TAG] for one in found) == sorted(one.run_id for one in records)
    by_id = {one.data.tags[RUN_TAG]: one for one in found}
    for record in records:
        run = by_id[record.run_id]
        assert run.info.status == ("FINISHED" if record.status == "ok" else "FAILED")
        parameters = dict(run.data.params)
        assert json.loads(parameters.pop("parameters")) == record.parameters
        assert parameters == {name: str(getattr(record, name)) for name in parameters}
        assert {"method", "L", "target", "cell_type", "seed", "dataset"} <= parameters.keys()
        numbers = {name: value for name, value in record.metrics.items() if value is not None}
        costs = ("seconds", "forward_evaluations", "gradient_evaluations", "peak_memory_bytes")
        numbers |= {name: value for name in costs if (value := getattr(record, name)) is not None}
        assert run.data.metrics == pytest.approx(numbers)
        assert run.data.tags["xbench.status"] == record.status
        ended = datetime.fromisoformat(record.created).timestamp()
        assert run.info.end_time == pytest.approx(1000 * ended, abs=1)
        took = (run.info.end_time - run.info.start_time) / 1000
        assert took == pytest.approx(record.seconds, abs=0.002)
    assert by_id["f" * 16].data.tags["xbench.reason"] == "no room"
    assert "avg-delta" not in by_id["a" * 16].data.metrics


def test_a_run_that_was_tried_again_takes_the_place_of_what_failed(
    records: list[Record], uri: str
) -> None:
    log_runs(records, uri)
    later = replace(records[2], run_id="f" * 16, created="2031-01-31T12:00:00+00:00")
    assert log_runs([records[0], later], uri) == (1, 1)
    found = {one.data.tags[RUN_TAG]: one for one in logged(uri, later.task)}
    assert len(found) == len(logged(uri, later.task)) == len(records)
    assert found["f" * 16].info.status == "FINISHED"
    assert found["f" * 16].data.metrics["rel-delta"] == -1.5
    assert log_runs([later], uri) == (0, 1)
    # A store of before takes nothing away.
    assert log_runs(records, uri) == (0, 3)
    found = {one.data.tags[RUN_TAG]: one for one in logged(uri, later.task)}
    assert found["f" * 16].info.status == "FINISHED"


def test_a_run_whose_logging_was_interrupted_is_logged_whole(
    records: list[Record], uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*given: object, **named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "set_terminated", interrupted)
        with pytest.raises(KeyboardInterrupt):
            log_runs(records, uri)
    assert log_runs(records, uri) == (3, 0)
    whole = [one for one in logged(uri, records[0].task) if one.info.status != "RUNNING"]
    assert len(whole) == 3


def test_numbers_that_are_none_of_mlflow_s_do_not_keep_a_run_out(
    records: list[Record], uri: str
) -> None:
    odd = replace(records[2], metrics={"rel-delta": math.nan, "avg-delta": math.inf})
    assert log_runs([odd], uri) == (1, 0)
    (run,) = logged(uri, odd.task)
    assert math.isnan(run.data.metrics["rel-delta"])


def test_the_command_tells_what_it_logged(
    records: list[Record], uri: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ResultStore(tmp_path / "store")
    store.prepare()
    for record in records:
        store.append(record)
    for said in ("3 runs logged in {}; 0 were there", "0 runs logged in {}; 3 were there"):
        export_and_show(store.folder, Choice(), [], tmp_path / "out", mlflow=uri)
        assert said.format(uri) in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_a_place_that_mlflow_cannot_use_is_one_line(records: list[Record]) -> None:
    with pytest.raises(XbenchError, match="--mlflow moon://base: ") as caught:
        log_runs(records, "moon://base")
    assert "\n" not in str(caught.value)
