"""What a Dask worker does with a unit: it supervises one xbench worker process, as a start does.

The unit is carried out exactly as on one machine (`xbench.benchmark.workers`): a nursery reads data
and surrogate once, each unit has a process forked from it, each explanation one below that, ended
at its time limit. The records go to the driver; what is kept here meanwhile is thrown away.
"""

import contextlib
import platform
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from distributed import get_worker

from xbench.benchmark.plan import WorkUnit
from xbench.benchmark.request import RunContext
from xbench.benchmark.workers import Nursery, ReaderEndedError, carry_out
from xbench.cluster.parcel import Parcel
from xbench.cluster.portable import Portable, own_digest, parcels_here
from xbench.errors import XbenchError
from xbench.registry.plugins import using
from xbench.results.leases import Claims
from xbench.results.store import ResultStore
from xbench.utils.apart import kills_for_memory
from xbench.utils.fork_server import ForkServer

# A driver that was killed says nothing: what it left in memory here is let go after so long.
IDLE_SECONDS = 300.0


@dataclass(frozen=True)
class Answer:
    """What came of a unit on a worker: its records, or what has to be done first.

    Parameters
    ----------
    address
        Of the worker.
    lines
        Records as JSON, a run each.
    absent
        Parcels that the worker has not; the unit was not begun.
    problem
        Why the worker cannot carry out anything of this study; the unit was not begun.
    """

    address: str
    lines: tuple[str, ...] = ()
    absent: tuple[Parcel, ...] = ()
    problem: str = ""


@dataclass(eq=False)
class _Kept:
    """A nursery, its folder, and who uses it."""

    nursery: Nursery
    server: ForkServer
    context: RunContext
    places: dict[str, Path]
    folder: Path
    users: int = 0
    used: float = field(default_factory=time.monotonic)

    def close(self) -> None:
        self.nursery.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Nurseries:
    """The nurseries of one Dask worker, one for each study that it is at work on.

    They end with their driver's word (`forget`), after `IDLE_SECONDS` without work, and with the
    worker: a process of theirs whose parent is gone ends, too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._timer: threading.Timer | None = None

    @contextmanager
    def of(self, study: Portable, places: dict[str, Path]) -> Iterator[_Kept]:
        """Return the nursery of a study, which reads data and surrogate if it is new."""
        with self._lock:
            if study.session not in self._kept:
                self._kept[study.session] = _opened(study, places)
            kept = self._kept[study.session]
            kept.users += 1
        try:
            yield kept
        finally:
            with self._lock:
                kept.users -= 1
                kept.used = time.monotonic()
                self._look_later()

    def known(self, session: str) -> dict[str, Path] | None:
        """Return the places of a study's parcels where its nursery is there already."""
        with self._lock:
            kept = self._kept.get(session)
            return None if kept is None else kept.places

    def forget(self, session: str) -> None:
        """Let the nursery of a study end; work of it that goes on ends, too."""
        with self._lock:
            kept = self._kept.pop(session, None)
        if kept is not None:
            kept.close()

    def _look_later(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(IDLE_SECONDS / 4, self._end_idle)
            self._timer.daemon = True
            self._timer.start()

    def _end_idle(self) -> None:
        now = time.monotonic()
        with self._lock:
            self._timer = None
            for session, kept in list(self._kept.items()):
                if not kept.users and now - kept.used > IDLE_SECONDS:
                    self._kept.pop(session).close()
            if self._kept:
                self._look_later()


@cache
def nurseries() -> Nurseries:
    """Return those of this process."""
    return Nurseries()


def _opened(study: Portable, places: dict[str, Path]) -> _Kept:
    folder = Path(tempfile.mkdtemp(prefix="xbench-on-dask-"))
    try:
        store = ResultStore(folder / "store")
        store.prepare()
        context, plugins = study.here(places, store.folder)
        with using(plugins):
            nursery = Nursery(context.data)
        try:
            return _Kept(nursery, nursery.open(context), context, places, folder)
        except BaseException:
            nursery.close()
            raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def carry_out_unit(study: Portable, unit: WorkUnit, topic: str) -> Answer:
    """Carry out a unit on this Dask worker.

    Parameters
    ----------
    study
        What it is about.
    unit
        As the driver has it.
    topic
        Of Dask's events: the driver is told there when the unit begins.
    """
    worker = get_worker()
    try:
        if study.source != own_digest():
            raise XbenchError(
                "has other xbench sources than the driver; install the same version or commit "
                "there, and see 'xbench cluster check'"
            )
        places = nurseries().known(study.session)
        if places is None:
            places, absent = parcels_here(study.parcels())
            if absent:
                return Answer(worker.address, absent=tuple(absent))
        with nurseries().of(study, places) as kept:
            own = study.unit_here(unit, places)
            begun = {"run": unit.run_ids[0], "worker": worker.address, **machine_state()}
            worker.log_event(topic, begun)
            claims = Claims(kept.context.store)
            carried = carry_out(kept.server, kept.context, [own], 1, _told_nobody, claims)
            records = [record for _, records in carried for record in records]
        return Answer(worker.address, tuple(record.to_json() for record in records))
    except XbenchError as error:
        if isinstance(error, ReaderEndedError):
            # The next unit has it read anew.
            forget_study(study.session)
        return Answer(worker.address, problem=f"worker {worker.address}: {error}")
    except OSError as error:
        what = f"worker {worker.address}: {error.strerror or error} ({error.filename})"
        return Answer(worker.address, problem=what)


def _told_nobody(unit: WorkUnit) -> None:
    """The driver tells how runs go."""


def machine_state() -> dict[str, Any]:
    """Return which machine this is, and how many processes it has ended for want of memory."""
    return {"machine": platform.node(), "kills_for_memory": kills_for_memory()}


def forget_study(session: str) -> None:
    """Let go what is in memory for a study; called by the driver at its end."""
    with contextlib.suppress(OSError):
        nurseries().forget(session)
