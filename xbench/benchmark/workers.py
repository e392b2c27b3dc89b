"""Carrying out units in worker processes that are supervised by the one that starts them.

The processes, each the parent of the next:

- this one plans, hands out units, and takes the place of a worker that has ended;
- a nursery reads data and surrogate once, and forks workers, which share its memory;
- a worker carries out units and scores them; no method ever runs in it;
- each explanation has a process of its own (`xbench.utils.apart`), ended at its time limit.

When any of them ends, whatever the reason, all below it end too.
"""

import logging
import os
import socket
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, cast

import torch

from xbench.benchmark.execute import environment, execute, lost_records
from xbench.benchmark.handing_out import claimed
from xbench.benchmark.plan import WorkUnit
from xbench.benchmark.request import RunContext, Study, read_quietly
from xbench.data.load import DataChoice
from xbench.errors import XbenchError
from xbench.registry.find import entries, load
from xbench.registry.plugins import enter, in_use
from xbench.registry.scan import Entry
from xbench.results.leases import RENEW_SECONDS, Claims
from xbench.results.record import Record
from xbench.surrogates.checkpoint import open_surrogate
from xbench.surrogates.surrogate import Surrogate
from xbench.utils.apart import plain_streams
from xbench.utils.fork_server import (
    ForkServer,
    ProcessEnded,
    forked_process,
    serve,
    started_server,
)

Started = Callable[[WorkUnit], None]
# How often a unit is handed out whose worker ended: not the method's fault, as far as is known.
TRIES = 2
# How often it is asked whether another start has given up what this one waits for.
_WAIT_SECONDS = 0.5
# Features from which on runs will want a surrogate's quick ways.
LARGE = 10_000
_READER_ENDED = (
    "the process that reads the data for the runs has ended, perhaps for want of memory; free some "
    "and start again"
)
_LOG = logging.getLogger(__name__)
# What every nursery would import to read its data is imported here, once: it takes a second.
_PROGRAM = """
import anndata
import xbench.data.multiome
from xbench.benchmark.workers import import_own_methods
from xbench.utils.fork_server import serve_program
import_own_methods()
serve_program()
"""


class ReaderEndedError(XbenchError):
    """What workers are forked from has ended."""


@dataclass(frozen=True)
class Surroundings:
    """What a new program would find that is started where this process is."""

    variables: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: str = field(default_factory=lambda: str(Path.cwd()))
    paths: list[str] = field(default_factory=lambda: list(sys.path))
    plugins: tuple[Entry, ...] = field(default_factory=in_use)

    def enter(self) -> None:
        """Be in them, for as long as this process lives."""
        enter(self.plugins)
        os.environ.clear()
        os.environ.update(self.variables)
        os.chdir(self.folder)
        # The current folder will be another one for every run.
        sys.path[:] = [path or self.folder for path in self.paths]


class Nursery:
    """Where workers come from: reads the data in the background as soon as it is made.

    Parameters
    ----------
    choice
        The data.
    fresh
        Whether this process has computed nothing yet, so that workers may be forked from it: no
        second Python has to start and import torch.
    """

    def __init__(self, choice: DataChoice, *, fresh: bool = False) -> None:
        self._server: ForkServer | None = None
        self._process: int | None = None
        if fresh:
            self._channel, self._process = forked_process(_nursery, Surroundings(), choice)
        else:
            self._channel = forked_from_program(_nursery, Surroundings(), choice)

    def open(self, context: RunContext) -> ForkServer:
        """Tell what the runs are about; return where workers can be had.

        Raises
        ------
        XbenchError
            Where data or surrogate cannot be read there.
        """
        try:
            self._channel.send(context)
            said = self._channel.recv()
        except (EOFError, OSError):
            said = ProcessEnded(-1)
        if isinstance(said, ProcessEnded):
            raise ReaderEndedError(_READER_ENDED)
        if isinstance(said, BaseException):
            raise said
        _LOG.info("workers are ready to be started: data and surrogate are read")
        self._server = ForkServer(socket.socket(fileno=os.dup(self._channel.fileno())))
        return self._server

    def __enter__(self) -> "Nursery":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let it and its workers end."""
        self._channel.close()
        if self._server is not None:
            self._server.close()
        if self._process is not None:
            os.waitpid(self._process, 0)


def forked_from_program(work: Callable[..., None], *given: Any) -> Connection:
    """Start a process that has computed nothing yet; see `ForkServer.fork`."""
    for attempt in (1, 2):
        try:
            # Of two that threads start at once, one would be forgotten and so end, and its forks
            # with it.
            with _STARTING:
                program = _program(os.getpid())
            return program.fork(work, *given, files=[2])
        except OSError:
            # Somebody has ended it since it was used last.
            _program.cache_clear()
            if attempt == 2:
                raise
    raise AssertionError


_STARTING = threading.Lock()


@cache
def _program(owner: int) -> ForkServer:
    """Start the one Python of this process that nurseries are forked from; it stays with it."""
    return started_server(_PROGRAM)


def _nursery(
    channel: Connection,
    surroundings: Surroundings,
    choice: DataChoice,
    files: Sequence[int] = (),
) -> None:
    """Be the nursery."""
    if files:
        os.dup2(files[0], 2)
    plain_streams()
    # What is read here was logged already by the process that planned.
    logging.getLogger("xbench").setLevel(logging.WARNING)
    surroundings.enter()
    # Threads that a process has once had are lost in its forks, which would wait for them.
    torch.set_num_threads(1)
    error: Exception | None = None
    started = time.perf_counter()
    try:
        dataset = read_quietly(choice)
    except Exception as problem:
        error = problem
    seconds = time.perf_counter() - started
    context: RunContext = channel.recv()
    # Not what the process that plans takes meanwhile.
    started = time.perf_counter()
    if error is None:
        try:
            judge = None if context.judge is None else open_surrogate(context.judge, dataset)
            # What it answers was checked by the process that planned.
            surrogate = open_surrogate(context.checkpoint, dataset, check=False)
            if dataset.n_features >= LARGE and isinstance(surrogate.model, Surrogate):
                surrogate.model.make_ready()
            seconds += time.perf_counter() - started
            study = Study(context, dataset, surrogate, judge, seconds)
        except Exception as problem:
            error = problem
    channel.send(error)
    if error is None:
        environment()
        import_own_methods(context.methods)
        control = socket.socket(fileno=os.dup(channel.fileno()))
        channel.close()
        serve(control, study)


def import_own_methods(names: Collection[str] | None = None) -> None:
    """Import what would else be imported for every run; only what comes with xbench.

    Parameters
    ----------
    names
        Of the methods that will be run: some bring libraries that take a second. All where None.
    """
    for entry in entries("method"):
        if entry.source == "built-in" and (names is None or entry.name in names):
            load(entry)


def _work(channel: Connection, study: Study) -> None:
    """Be a worker: carry out units until nobody hands them out any more."""
    while True:
        unit = channel.recv()
        try:
            records: Any = execute(study, unit, channel.fileno())
        except XbenchError as error:
            records = error
        channel.send(records)


def carry_out(
    server: ForkServer,
    context: RunContext,
    units: Sequence[WorkUnit],
    jobs: int,
    started: Started,
    claims: Claims,
) -> Iterator[tuple[WorkUnit, list[Record]]]:
    """Yield each unit with its records, as they come.

    Parameters
    ----------
    server
        Of a `Nursery`.
    context
        What the runs are about.
    units
        What is to be done.
    jobs
        Workers at once; no more than there are units.
    started
        Told of each unit when it is handed to a worker.
    claims
        On runs of the store: what another start is at work on is left to it, and done here where
        it gives up.

    Raises
    ------
    XbenchError
        Where the store cannot be written.
    """
    waiting, tries = deque(units), Counter[str]()
    idle: list[Connection] = []
    busy: dict[Connection, WorkUnit] = {}
    try:
        while waiting or busy:
            ready_units = claimed(waiting, claims)
            while len(busy) < jobs and (taken := next(ready_units, None)) is not None:
                whole, done, unit = taken
                if done:
                    started(whole)
                    yield whole, done
                if unit is None:
                    continue
                if idle:
                    worker = idle.pop()
                else:
                    worker = _forked(server)
                    _LOG.info("worker started, number %d at work", len(busy) + 1)
                _LOG.debug("worker begins %s", unit.run_ids[0])
                worker.send(unit)
                busy[worker] = unit
                tries[unit.run_ids[0]] += 1
                started(unit)
            if not busy:
                # All that is left is another start's, or it has just been found to be finished.
                if waiting:
                    time.sleep(_WAIT_SECONDS)
                continue
            for ready in wait(list(busy), _WAIT_SECONDS if waiting else RENEW_SECONDS):
                worker = cast("Connection[Any, Any]", ready)
                unit = busy.pop(worker)
                said = _said_by(worker)
                if isinstance(said, XbenchError):
                    raise said
                if isinstance(said, ProcessEnded):
                    worker.close()
                    _LOG.info("worker ended with status %d at %s", said.status, unit.run_ids[0])
                    if tries[unit.run_ids[0]] < TRIES:
                        waiting.appendleft(unit)
                        continue
                    said = lost_records(context, unit, _why_lost(said))
                else:
                    idle.append(worker)
                claims.drop(unit.run_ids)
                yield unit, said
            claims.renew()
    finally:
        _LOG.info("%d workers are told to end", len(idle) + len(busy))
        for worker in (*idle, *busy):
            worker.close()
        claims.close()


def _forked(server: ForkServer) -> Connection:
    """Return a new worker.

    Raises
    ------
    ReaderEndedError
        Where what workers are forked from has ended.
    """
    try:
        return server.fork(_work)
    except OSError as error:
        raise ReaderEndedError(_READER_ENDED) from error


def _said_by(worker: Connection) -> Any:
    try:
        return worker.recv()
    except Exception:
        # It ended in the middle of a word.
        return ProcessEnded(1)


def _why_lost(end: ProcessEnded) -> str:
    how = f"by signal {-end.status}" if end.status < 0 else f"with exit code {end.status}"
    return f"the worker process ended {how} in {TRIES} tries, outside of the method"
