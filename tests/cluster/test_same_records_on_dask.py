"""A LocalCluster of processes gives the records that two local processes give."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from xbench.benchmark.plan import WorkUnit
from xbench.cluster.cluster_place import ClusterPlace
from xbench.results.record import Record

from ..benchmark.workbench import explaining, lasting, stored, write_method
from .conftest import RunAt

NESTED = "return Selection(np.arange(problem.subset_size), ordered=True, nested=True)"
TASK = {
    "methods": ["random", "grids"],
    "subset_sizes": [3, 8],
    "timeout_seconds": 20,
}


def test_records_are_those_of_two_local_processes(
    place: ClusterPlace, run_at: RunAt, tmp_path: Path
) -> None:
    (tmp_path / "beside_it.py").write_text("FIRST = 2\n", encoding="utf-8")
    body = explaining("return Selection(FIRST + np.arange(problem.subset_size), ordered=True)")
    own = write_method(tmp_path, "own", body, before="from beside_it import FIRST")
    options = {"methods": ["random", "grids"], "method_files": [own]}
    here = run_at(None, TASK, tmp_path / "here", **options)
    there = run_at(place, TASK, tmp_path / "there", **options)
    assert there == here
    assert len(here) == 3 * 2
    records = stored(tmp_path / "there")
    assert {record.status for record in records} == {"ok"}
    assert lasting(records) == lasting(stored(tmp_path / "here"))


def test_a_second_start_runs_nothing_and_reaches_for_no_cluster(
    place: ClusterPlace, run_at: RunAt, tmp_path: Path
) -> None:
    task = {"methods": ["random"]}
    run_at(place, task, tmp_path / "store")
    before = (tmp_path / "store" / "runs.jsonl").read_bytes()
    with ClusterPlace("tcp://127.0.0.1:9") as nowhere:
        run_at(nowhere, task, tmp_path / "store")
    assert (tmp_path / "store" / "runs.jsonl").read_bytes() == before


def _move_to_another_machine(cache: str) -> None:
    """Let a worker process find nothing of what the driver has, as on another machine."""
    from xbench.cluster import portable

    found = portable.found
    portable.found = lambda parcel: found(replace(parcel, origin="/nowhere"))  # type: ignore[assignment]
    os.environ["XBENCH_CACHE"] = cache


def _move_back(cache: str) -> None:
    from xbench.cluster import parcel, portable

    portable.found = parcel.found
    os.environ["XBENCH_CACHE"] = cache


@pytest.fixture
def another_machine(place: ClusterPlace, cache: Path, tmp_path: Path) -> Iterator[ClusterPlace]:
    client = place.executor().connection.client
    client.run(_move_to_another_machine, str(tmp_path / "cache-there"))
    yield place
    client.run(_move_back, str(cache))


# test_parcels.py sends without a cluster; make cluster-test runs this too.
@pytest.mark.slow
def test_what_a_worker_lacks_is_sent_once_and_checked(
    another_machine: ClusterPlace, run_at: RunAt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor, sent = another_machine.executor(), []
    ask = type(executor)._ask

    def watched(self: object, address: str, what: object, *given: object) -> object:
        if getattr(what, "__name__", "") == "begin_receiving":
            sent.append(given[0].what)  # type: ignore[attr-defined]
        return ask(self, address, what, *given)  # type: ignore[arg-type]

    # The driver looks for what a neighbour may have got: not on this machine, which has it all.
    monkeypatch.setattr("xbench.cluster.dask_executor.found", _not_here)
    monkeypatch.setattr(type(executor), "_ask", watched)
    own = write_method(tmp_path, "sent", explaining(NESTED))
    task = {"methods": ["random"], "subset_sizes": [3, 8], "repetitions": 3}
    options = {"methods": ["random"], "method_files": [own]}
    there = run_at(another_machine, task, tmp_path / "there", **options)
    assert sorted(sent) == ["data", "plug-in sent", "surrogate"]
    here = run_at(None, task, tmp_path / "here", **options)
    assert there == here
    assert lasting(stored(tmp_path / "there")) == lasting(stored(tmp_path / "here"))


def _not_here(parcel: object) -> None:
    return None


# A worker ends a run as one of two local processes does: tests/benchmark/test_isolation.py.
@pytest.mark.slow
def test_a_run_over_its_time_limit_is_ended_on_the_worker(
    place: ClusterPlace, run_at: RunAt, tmp_path: Path
) -> None:
    # A sum in C hears no signal.
    body = explaining("sum(range(10**12))")
    slow = write_method(tmp_path, "slow", body)
    run_at(place, {"timeout_seconds": 0.5}, tmp_path / "store", method_files=[slow])
    (record,) = stored(tmp_path / "store")
    assert (record.status, record.reason) == ("timeout", "no result after 0.5 s")


def test_a_method_that_ends_its_process_costs_its_run_only(
    place: ClusterPlace, run_at: RunAt, tmp_path: Path
) -> None:
    ending = write_method(tmp_path, "ending", explaining("os.kill(os.getpid(), signal.SIGKILL)"))
    options = {"methods": ["random"], "method_files": [ending]}
    run_at(place, {"methods": ["random"]}, tmp_path / "store", **options)
    by_method = {record.method: record for record in stored(tmp_path / "store")}
    assert by_method["random"].status == "ok"
    assert by_method["ending"].status == "failed"
    assert "killed by signal 9" in (by_method["ending"].reason or "")


def test_records_are_on_the_disk_before_they_are_told(
    place: ClusterPlace, run_at: RunAt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def ended(self: object, unit: WorkUnit, records: list[Record]) -> None:
        kept = {record.run_id for record in stored(tmp_path / "store")}
        seen.append(set(unit.run_ids) <= kept)

    monkeypatch.setattr("xbench.benchmark.request.RunsTold.ended", ended)
    run_at(place, {"repetitions": 3}, tmp_path / "store")
    assert seen == [True] * 3
