"""Which records of a store are the fresh run."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import asdict

from xbench.errors import XbenchError, unknown_name
from xbench.results.record import Record
from xbench.results.store import ResultStore

Place = tuple[str, str]


def records_of(store: ResultStore) -> list[Record]:
    """Return the records of a store that count: the newest of each run, as on the leaderboard.

    Raises
    ------
    XbenchError
        Where there is no store or no record.
    """
    advice = f"run 'xbench run TASK --store {store.folder}' first"
    if not store.folder.is_dir():
        raise XbenchError(f"{store.folder}: no such folder; {advice}")
    records = store.records()
    if not records:
        raise XbenchError(f"{store.folder}: holds no records; {advice}")
    # Through its name, as every leaf: this room does not know that one.
    room = importlib.import_module("xbench.results.current")
    chosen = room.current([asdict(record) for record in records]).records
    return [Record(**fields) for fields in chosen]


def of_task(records: Sequence[Record], task: str | None, where: str) -> list[Record]:
    """Return the records of one task; of the only one where none is named.

    Parameters
    ----------
    records
        Of a store.
    task
        Its name, or None.
    where
        The store, for errors.

    Raises
    ------
    XbenchError
        Where the store holds none of that task, or several and none is named.

    Examples
    --------
    >>> of_task([], "ci", "results")
    Traceback (most recent call last):
    xbench.errors.XbenchError: results: holds no runs of task 'ci'; run 'xbench run ci' first
    """
    names = sorted({record.task for record in records})
    if task is None and len(names) > 1:
        raise XbenchError(f"{where}: holds several tasks; choose one by --task: {', '.join(names)}")
    name = names[0] if task is None else task
    if names and name not in names:
        raise unknown_name("task", name, names, where)
    chosen = [record for record in records if record.task == name]
    if not chosen:
        raise XbenchError(f"{where}: holds no runs of task {name!r}; run 'xbench run {name}' first")
    return chosen


def of_place(records: Sequence[Record], place: Place | None, where: str) -> list[Record]:
    """Return the records of one (dataset, surrogate); of the only one where none is named.

    Parameters
    ----------
    records
        Of one task.
    place
        Names of dataset and surrogate, or None.
    where
        The store, for errors.

    Raises
    ------
    XbenchError
        Where there are several and none is named. None of a named one gives an empty list.

    Examples
    --------
    >>> of_place([], None, "results")
    []
    """
    places = sorted({(record.dataset, record.surrogate) for record in records})
    if place is None and len(places) > 1:
        found = ", ".join(f"{dataset} with {surrogate}" for dataset, surrogate in places)
        raise XbenchError(
            f"{where}: holds runs of {places[0][0]!r} and others ({found}); keep each in a store "
            "of its own"
        )
    wanted = place if place is not None else (places[0] if places else None)
    return [record for record in records if (record.dataset, record.surrogate) == wanted]
