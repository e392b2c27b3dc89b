"""Carrying out units in parallel, so that no unit can take the others with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError

from xbench.benchmark.context import RunContext
from xbench.benchmark.execute import execute, killed_records
from xbench.benchmark.plan import WorkUnit
from xbench.results.record import Record
from xbench.utils.process import end_with_parent

Started = Callable[[WorkUnit], None]


def carry_out(
    setting: RunContext, units: Sequence[WorkUnit], jobs: int, started: Started
) -> Iterator[tuple[WorkUnit, list[Record]]]:
    """Yield each unit with its records, as they come.

    Parameters
    ----------
    setting
        Data and surrogate.
    units
        What is to be done.
    jobs
        Processes; 1 computes in this one.
    started
        Told of each unit when it is handed to a process.

    Notes
    -----
    A process that is killed (by the system, for memory) breaks the pool. Everything that had not
    come back is then run again, one unit a process, so that only the unit that kills its process
    is recorded as failed.
    """
    if jobs == 1:
        for unit in units:
            started(unit)
            yield unit, execute(setting, unit)
        return
    open_units = dict(enumerate(units))
    try:
        for number, records in _parallel(setting, open_units, jobs, started):
            yield open_units.pop(number), records
    except TerminatedWorkerError:
        for number in list(open_units):
            yield open_units[number], _alone(setting, open_units.pop(number), started)


def _parallel(
    setting: RunContext, units: dict[int, WorkUnit], jobs: int, started: Started
) -> Iterator[tuple[int, list[Record]]]:
    def tasks() -> Iterator[object]:
        for number, unit in list(units.items()):
            started(unit)
            yield delayed(_numbered)(setting, number, unit)

    # One unit in hand for each process: `started` is then told when a unit really starts.
    pool = Parallel(
        n_jobs=jobs,
        return_as="generator_unordered",
        pre_dispatch=jobs,
        batch_size=1,
    )
    yield from pool(tasks())


def _numbered(setting: RunContext, number: int, unit: WorkUnit) -> tuple[int, list[Record]]:
    end_with_parent()
    return number, execute(setting, unit)


def _alone(setting: RunContext, unit: WorkUnit, started: Started) -> list[Record]:
    try:
        return next(_parallel(setting, {0: unit}, 2, started))[1]
    except TerminatedWorkerError as error:
        return killed_records(setting, unit, str(error))
