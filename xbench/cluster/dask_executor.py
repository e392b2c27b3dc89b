"""The driver's loop: units go to Dask workers, records come back, and are stored here alone.

Dask decides which worker carries out a unit. No more units are handed out than can be carried out
at once, so that a unit is claimed when it begins, as on one machine. A unit whose worker ends is
tried elsewhere; what counts as a try is that it had begun there, which workers tell.
"""

import contextlib
import logging
import secrets
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import Any

from distributed import Future, KilledWorker, wait
from distributed.client import CancelledError

from xbench.benchmark.execute import lost_records
from xbench.benchmark.handing_out import claimed
from xbench.benchmark.plan import WorkUnit
from xbench.benchmark.request import RunContext, RunsTold
from xbench.cluster.analyse_on_worker import AnalysisOrder, analyse_here
from xbench.cluster.connect import Connection
from xbench.cluster.on_worker import Answer, carry_out_unit, forget_study, machine_state
from xbench.cluster.packed_data import pack
from xbench.cluster.parcel import (
    Parcel,
    begin_receiving,
    end_receiving,
    found,
    parts_of,
    receive_part,
)
from xbench.cluster.portable import (
    CarriedEntry,
    CarriedPlace,
    Place,
    Portable,
    own_digest,
    portable_of,
)
from xbench.cluster.train_on_worker import train_there
from xbench.cluster.worker_task import carried_out
from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.registry.plugins import in_use
from xbench.results.findings import FILE, Finding, append_findings, read_findings
from xbench.results.leases import Claims
from xbench.results.record import Record
from xbench.results.store import ResultStore

_LOG = logging.getLogger(__name__)
# How long an end is waited for before claims, workers and jobs are looked at.
_WAIT_SECONDS = 0.5
_LOOK_SECONDS, _JOBS_SECONDS = 1.0, 30.0
# Workers that end before a unit could begin, so often in a row, will not carry it out.
_UNBEGUN = 10
# How often a worker is sent files in one study: a nursery of it is opened anew after each restart.
_SENDINGS = 5


class DaskExecutor:
    """Carries out units on a cluster; see `xbench.benchmark.request.Elsewhere`.

    Parameters
    ----------
    connection
        To the cluster.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client = connection.client
        self._data: dict[str, Parcel] = {}

    def train(self, dataset: Dataset, name: str | None, **options: Any) -> None:
        """Train a surrogate on a worker, see `xbench.cluster.train_on_worker`."""
        train_there(self._connection, dataset, name, self.data(dataset), self.send, **options)

    def analyse(
        self,
        store: ResultStore,
        names: Sequence[str],
        dataset: Dataset,
        models: tuple[Place, Place | None],
        records: Sequence[Record],
    ) -> None:
        """Analyse runs, each analysis as one task, one after the other; keep what is found."""
        carried = CarriedPlace.of("surrogate", models[0])
        second = None if models[1] is None else CarriedPlace.of("second surrogate", models[1])
        for name in names:
            known = [one for one in read_findings(store.folder / FILE) if one.analysis == name]
            order = AnalysisOrder(
                own_digest(),
                name,
                self.data(dataset),
                dataset.digest,
                carried,
                second,
                tuple(one.to_json() for one in records),
                tuple(one.to_json() for one in known),
                tuple(CarriedEntry.of(one) for one in in_use() if one.kind != "task"),
            )
            lines = carried_out(self._connection, self.send, analyse_here, order)
            append_findings(store.folder, [Finding.from_json(line) for line in lines])

    def data(self, dataset: Dataset) -> Parcel:
        """Return a dataset's parcel, packed once."""
        if dataset.digest not in self._data:
            self._data[dataset.digest] = pack(dataset)
        return self._data[dataset.digest]

    def carry_out(
        self,
        context: RunContext,
        dataset: Dataset,
        units: Sequence[WorkUnit],
        told: RunsTold,
        claims: Claims,
    ) -> Iterator[tuple[WorkUnit, list[Record]]]:
        """Yield each unit with its records, stored here, as they come.

        Raises
        ------
        XbenchError
            Where no worker can carry anything out, or the store cannot be written.
        """
        session = secrets.token_hex(8)
        study = portable_of(session, context, self.data(dataset), units, in_use())
        run = _Round(self, study, context, told, claims)
        self._client.subscribe_topic(run.topic, run.begun)
        try:
            yield from run.carry_out(units)
        finally:
            run.close()
            with contextlib.suppress(Exception):
                self._client.unsubscribe_topic(run.topic)
            self.on_workers(forget_study, session)
            claims.close()

    @property
    def connection(self) -> Connection:
        """The cluster."""
        return self._connection

    def on_workers(
        self, what: Any, *given: Any, workers: list[str] | None = None
    ) -> dict[str, Any]:
        """Call a function on workers; those that are gone, or cannot, are left out."""
        try:
            answers: dict[str, Any] = self._client.run(
                what, *given, workers=workers, on_error="ignore"
            )
        except Exception as error:
            # Whatever Dask says of a worker that ends meanwhile.
            _LOG.info("workers did not answer: %s", error)
            return {}
        return answers

    def send(self, address: str, parcels: Sequence[Parcel]) -> str:
        """Send parcels to a worker, and return what went wrong; empty where they are there."""
        try:
            for parcel in parcels:
                # Another worker of the same machine may have got it meanwhile.
                if self._ask(address, found, parcel) is None:
                    _LOG.info("sending %s (%d bytes) to %s", parcel.what, parcel.size, address)
                    folder = self._ask(address, begin_receiving, parcel)
                    for path, offset, content in parts_of(parcel):
                        self._ask(address, receive_part, folder, path, offset, content)
                    self._ask(address, end_receiving, parcel, folder)
        except Exception as error:
            return f"worker {address}: {' '.join(str(error).split()) or type(error).__name__}"
        return ""

    def _ask(self, address: str, what: Any, *given: Any) -> Any:
        return self._client.run(what, *given, workers=[address])[address]


class _Round:
    """One study's units, on their way."""

    def __init__(
        self,
        executor: DaskExecutor,
        study: Portable,
        context: RunContext,
        told: RunsTold,
        claims: Claims,
    ) -> None:
        self.topic = f"xbench-{study.session}"
        self._executor, self._study, self._context = executor, study, context
        self._told, self._claims = told, claims
        self._store = ResultStore(context.store)
        self._waiting: deque[WorkUnit] = deque()
        self._flying: dict[Future, WorkUnit] = {}
        # By the first run of a unit: where it had begun, how often it was lost, and refused.
        self._begun: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._lost, self._refused = Counter[str](), Counter[str]()
        self._sent = Counter[str]()
        self._slots, self._looked, self._asked = 0, 0.0, time.monotonic()
        self._number = 0

    def begun(self, event: tuple[float, dict[str, Any]]) -> None:
        """Remember that a worker tells of a unit that it begins."""
        _, what = event
        self._begun[what["run"]].append(what)

    def carry_out(self, units: Sequence[WorkUnit]) -> Iterator[tuple[WorkUnit, list[Record]]]:
        """See `DaskExecutor.carry_out`."""
        self._waiting.extend(units)
        while self._waiting or self._flying:
            self._look()
            ready = claimed(self._waiting, self._claims)
            while len(self._flying) < self._slots and (taken := next(ready, None)) is not None:
                whole, done, unit = taken
                if done:
                    self._told.started(whole)
                    yield whole, done
                if unit is not None:
                    self._hand_out(unit)
            for future in self._ended():
                unit = self._flying.pop(future)
                records = self._records(future, unit)
                future.release()
                if records is None:
                    self._waiting.appendleft(unit)
                    continue
                self._claims.drop(unit.run_ids)
                yield unit, records
            self._claims.renew()

    def close(self) -> None:
        """Take back what is on its way."""
        if self._flying:
            with contextlib.suppress(Exception):
                self._executor.connection.client.cancel(list(self._flying))
        self._flying.clear()

    def _look(self) -> None:
        """Count workers now and then, and ask for jobs that are missing."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS and self._slots:
            return
        connection = self._executor.connection
        self._slots, self._looked = connection.slots(self._context.device), now
        self._told.at_work(self._slots)
        if now - self._asked > _JOBS_SECONDS:
            self._asked = now
            connection.ask_for_jobs()

    def _hand_out(self, unit: WorkUnit) -> None:
        self._number += 1
        future = self._executor.connection.submit(
            carry_out_unit,
            self._study,
            unit,
            self.topic,
            cuda=self._context.device == "cuda",
            key=f"{self.topic}-{unit.run_ids[0]}-{self._number}",
        )
        self._flying[future] = unit
        self._told.started(unit)

    def _ended(self) -> list[Future]:
        if not self._flying:
            time.sleep(_WAIT_SECONDS)
            return []
        client = self._executor.connection.client
        with contextlib.suppress(TimeoutError, CancelledError), client.as_current():
            wait(list(self._flying), timeout=_WAIT_SECONDS, return_when="FIRST_COMPLETED")
        return [one for one in self._flying if one.done()]

    def _records(self, future: Future, unit: WorkUnit) -> list[Record] | None:
        """Return what came of a unit; None where it is to be tried again."""
        first = unit.run_ids[0]
        if future.status == "finished":
            return self._of_answer(future.result(), unit)
        error = future.exception() if future.status == "error" else None
        if error is not None and not isinstance(error, KilledWorker):
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise XbenchError(
                f"a worker could not begin ({what}); see what 'xbench cluster check' says"
            )
        self._lost[first] += 1
        if future.status == "cancelled" and self._begun[first]:
            # The connection to the scheduler was lost: that is not the run's doing.
            self._begun[first].pop()
        tries = len(self._begun[first])
        _LOG.info("a worker ended; %s had begun %d times", first, tries)
        if (
            tries < self._executor.connection.choice.retries
            and self._lost[first] < tries + _UNBEGUN
        ):
            return None
        reason, status = self._why_lost(first)
        return lost_records(self._context, unit, reason, status)

    def _of_answer(self, answer: Answer, unit: WorkUnit) -> list[Record] | None:
        problem = answer.problem
        if answer.absent:
            problem = self._executor.send(answer.address, answer.absent)
            self._sent[answer.address] += 1
            if self._sent[answer.address] > _SENDINGS:
                problem = f"worker {answer.address}: files that are sent there do not stay"
        if problem:
            # Another worker may do better; where none does, what the last one said.
            self._refused[unit.run_ids[0]] += 1
            _LOG.info("%s", problem)
            if self._refused[unit.run_ids[0]] >= self._executor.connection.choice.retries:
                raise XbenchError(problem)
            return None
        if answer.absent:
            return None
        records = [Record.from_json(line) for line in answer.lines]
        if {one.run_id for one in records} != set(unit.run_ids):
            raise XbenchError(f"worker {answer.address}: sent records of other runs than asked for")
        for record in records:
            self._store.append(record)
        return records

    def _why_lost(self, first: str) -> tuple[str, str]:
        """Say why a unit gave nothing, and with which status."""
        begun = self._begun[first]
        if not begun:
            return f"{self._lost[first]} workers ended before they could begin it", "failed"
        places = ", ".join(dict.fromkeys(one["machine"] for one in begun))
        reason = f"its worker ended {len(begun)} times while it was at work on it, on {places}"
        if self._ended_for_memory(begun[-1]):
            return f"{reason}: the system ended processes there for want of memory", "oom"
        return reason, "failed"

    def _ended_for_memory(self, begun: dict[str, Any]) -> bool:
        """Whether the machine has ended processes for want of memory since a unit began there."""
        states = self._executor.on_workers(machine_state).values()
        return any(
            isinstance(one, dict)
            and one["machine"] == begun["machine"]
            and one["kills_for_memory"] > begun["kills_for_memory"]
            for one in states
        )
