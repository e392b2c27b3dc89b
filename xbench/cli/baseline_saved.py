"""``xbench baseline save`` and ``xbench baseline list``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import typer

from xbench.benchmark.saved_tasks import known_tasks
from xbench.benchmark.task import load_task
from xbench.benchmark.thresholds import Thresholds
from xbench.errors import XbenchError
from xbench.regression.chosen import of_place, of_task, records_of
from xbench.regression.file import baseline_path, names_in, read_baseline, write_baseline
from xbench.regression.snapshot import Snapshot, snapshot
from xbench.results.record import FAILED
from xbench.results.store import ResultStore


def save_and_show(name: str, *, store: Path, task: str | None, folder: Path) -> None:
    """Save a store's runs of one task, and say what was kept.

    Raises
    ------
    XbenchError
        Where there are no runs, or of several tasks, datasets or surrogates.
    """
    path = baseline_path(name, folder)
    results = ResultStore(store)
    records = of_task(records_of(results), task_name(task), str(store))
    records = of_place(records, None, str(store))
    told = thresholds_of(task, records[0].task, results)
    taken = snapshot(records, told.reference_method)
    replaced = path.exists()
    write_baseline(path, taken)
    typer.echo(f"{'replaced' if replaced else 'saved'} {path}: {_described(taken)}")
    lost = sum(run.status in FAILED for run in taken.runs)
    if lost:
        typer.echo(f"warning: {lost} of these runs have no result; see their reasons", err=True)


def list_and_show(folder: Path) -> None:
    """Print the baselines of a folder, a line each.

    Raises
    ------
    XbenchError
        Where there is none, or one cannot be read.
    """
    names = names_in(folder)
    if not names:
        raise XbenchError(f"{folder}: holds no baseline; save one with 'xbench baseline save NAME'")
    longest = max(map(len, names))
    for name in names:
        taken = read_baseline(folder / f"{name}.json")
        typer.echo(f"{name:<{longest}}  {_described(taken)}")


def task_name(task: str | None) -> str | None:
    """Return the name of a task given by name or file; None where none is given."""
    return load_task(task).name if task is not None and task.endswith(".toml") else task


def thresholds_of(task: str | None, name: str, store: ResultStore) -> Thresholds:
    """Return the thresholds of the task given, else of the one known by that name."""
    if task is not None and task.endswith(".toml"):
        return load_task(task).thresholds
    known = known_tasks(store).get(name)
    return known.thresholds if known is not None else Thresholds()


def _described(taken: Snapshot) -> str:
    header = taken.header
    statuses = Counter(run.status for run in taken.runs)
    told = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    return (
        f"task {header.task} version {header.task_version} on {header.dataset} with "
        f"{header.surrogate}, {len(taken.repetitions)} repetitions, runs: {told}; {header.created}"
    )
