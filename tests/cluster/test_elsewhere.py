"""Training and analyses on a worker, and workers that are killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from xbench.benchmark.request import Request
from xbench.cluster.cluster_choice import ClusterChoice
from xbench.cluster.cluster_place import ClusterPlace
from xbench.data.load import DataChoice
from xbench.reproduction import Order, reproduce
from xbench.results.findings import FILE, read_findings
from xbench.results.store import ResultStore
from xbench.surrogates.checkpoint import read_description
from xbench.surrogates.obtain import place_of, train_surrogate

from ..benchmark.workbench import FEW_STEPS, lasting, stored, write_method
from .conftest import RunAt

pytestmark = pytest.mark.slow


def test_a_surrogate_trained_on_a_worker_is_taken_for_one_of_here(
    place: ClusterPlace, small_data: Path, cache: Path
) -> None:
    import xbench

    dataset = xbench.load_dataset(data=small_data)
    folder = place_of(dataset, "cross-modality", settings=FEW_STEPS, seed=3)
    assert not folder.exists()
    place.train(dataset, "cross-modality", settings=FEW_STEPS, seed=3)
    trained = read_description(folder)
    assert train_surrogate(dataset, "cross-modality", settings=FEW_STEPS, seed=3) == folder
    # The very files: measures of fit are NaN here, and equal nothing.
    again = read_description(folder)
    assert (again.weights_digest, again.training) == (trained.weights_digest, trained.training)
    assert trained.dataset_digest == dataset.digest


def test_analyses_on_a_worker_find_what_is_found_here(place: ClusterPlace, tmp_path: Path) -> None:
    found = []
    for name, elsewhere in (("here", None), ("there", place)):
        store = ResultStore(tmp_path / name)
        request = Request(
            "",
            data=DataChoice("simulated-multiome-small"),
            surrogate="oracle",
            methods=["gradient-change"],
            targets=["VIP:GAD1", "SST:GAD2"],
            subset_sizes=[10],
            repetitions=1,
            jobs=1,
            elsewhere=elsewhere,
        )
        reproduce(Order(["table3", "redundancy"], request), store)
        found.append({one.key: one for one in read_findings(store.folder / FILE)})
    assert found[0] == found[1]
    assert {key[0] for key in found[0]} == {"proximity", "redundancy"}


def test_a_killed_worker_costs_a_try_and_no_run(run_at: RunAt, tmp_path: Path) -> None:
    body = """
        def explain(self, problem):
            time.sleep(1)
            return Selection(np.arange(problem.subset_size))
    """
    slow = write_method(tmp_path, "slow", body)
    task = {"repetitions": 6}
    struck: list[int] = []
    with ClusterPlace(ClusterChoice(kind="local", jobs=2)) as place:
        client = place.executor().connection.client
        journal = tmp_path / "there" / "runs.jsonl"

        def strike() -> None:
            while not journal.exists() or not journal.read_bytes().count(b"\n"):
                time.sleep(0.05)
            for process in client.run(os.getpid).values():
                os.kill(process, signal.SIGKILL)
                struck.append(process)

        striker = threading.Thread(target=strike)
        striker.start()
        run_at(place, task, tmp_path / "there", method_files=[slow])
        striker.join()
    assert len(struck) == 2
    run_at(None, task, tmp_path / "here", method_files=[slow])
    records = stored(tmp_path / "there")
    assert {record.status for record in records} == {"ok"}
    assert lasting(records) == lasting(stored(tmp_path / "here"))


def test_a_run_that_ends_its_worker_every_time_is_recorded_with_the_reason(
    run_at: RunAt, tmp_path: Path
) -> None:
    # The process that explains, the xbench worker, the nursery, its program: the next is Dask's.
    body = """
        def explain(self, problem):
            process = os.getpid()
            for _ in range(4):
                stat = open(f"/proc/{process}/stat").read()
                process = int(stat.rpartition(")")[2].split()[1])
            os.kill(process, signal.SIGKILL)
            time.sleep(60)
    """
    deadly = write_method(tmp_path, "deadly", body)
    options = {"methods": ["random"], "method_files": [deadly]}
    with ClusterPlace(ClusterChoice(kind="local", jobs=1, retries=2)) as place:
        run_at(place, {"methods": ["random"]}, tmp_path / "store", **options)
    by_method = {record.method: record for record in stored(tmp_path / "store")}
    assert by_method["random"].status == "ok"
    assert by_method["deadly"].status == "failed"
    assert by_method["deadly"].reason.startswith("its worker ended 2 times while it was at work")
