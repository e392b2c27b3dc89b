"""``xbench leaderboard``."""

import importlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xbench.benchmark.old_store import opened_store, renamed
from xbench.benchmark.task import Task, known_tasks
from xbench.cli.printing import say
from xbench.errors import XbenchError, XbenchWarning
from xbench.results.findings import FILE, Finding, findings_of, read_findings
from xbench.results.record import Record
from xbench.results.scores import with_scores
from xbench.utils.files import write_bytes


@dataclass(frozen=True)
class StoreContents:
    """What a store holds that a leaderboard shows.

    Parameters
    ----------
    folder
        Of the store.
    records
        Its runs, with the metrics that were computed after them.
    findings
        What analyses found about them.
    """

    folder: Path
    records: list[Record]
    findings: list[Finding]


def read_stores(stores: Sequence[Path]) -> tuple[list[StoreContents], dict[str, Task]]:
    """Read stores, each once, and the tasks of their runs by name.

    Raises
    ------
    XbenchError
        Where there is no store, or it holds no record; or two have a task of one name that is not
        the same.
    """
    read = []
    tasks: dict[str, Task] = {}
    for folder in dict.fromkeys(stores):
        if not folder.is_dir():
            what = f"no such folder; run 'xbench run TASK --store {folder}' first"
            raise XbenchError(f"{folder}: {what}")
        store = opened_store(folder)
        records = store.records()
        if not records:
            what = f"holds no records; run 'xbench run TASK --store {folder}' first"
            raise XbenchError(f"{folder}: {what}")
        own = known_tasks(store)
        for name, task in own.items():
            if tasks.setdefault(name, task) != task:
                what = f"task {name!r} is another one than that of the stores before it"
                raise XbenchError(f"{folder}: {what}; render them apart")
        findings = read_findings(folder / FILE)
        read.append(StoreContents(folder, with_scores(records, findings), findings))
    return read, tasks


def render_stores(stores: Sequence[Path], out: Path) -> None:
    """Render the records of stores, and name the files written.

    Raises
    ------
    XbenchError
        As `read_stores` does.
    """
    read, tasks = read_stores(stores)
    upgrade_published(out, tasks)
    records = [record for store in read for record in store.records]
    findings = [finding for store in read for finding in store.findings]
    # Through its name, as every leaf: this room does not know that one.
    room = importlib.import_module("xbench.leaderboard")
    for path in room.render(records, tasks, out, findings=findings):
        say(path)


def upgrade_published(folder: Path, tasks: Mapping[str, Task]) -> None:
    """Give the runs that an older xbench published their new ids, and say so in one line; once.

    Parameters
    ----------
    folder
        Of a leaderboard; nothing is done where it has no runs of old ids.
    tasks
        By name.

    Raises
    ------
    XbenchError
        Where a file cannot be read or written.
    """
    room = importlib.import_module("xbench.leaderboard.published_runs")
    paths = (folder / room.RUNS, folder / room.FINDINGS)
    runs, findings = (room.unpacked(path) for path in paths)
    done = renamed(runs, findings, tasks)
    if not done.changed and not done.unknown:
        return
    # Findings first: they are found by the old ids of the runs.
    if paths[1].exists():
        write_bytes(paths[1], room.packed(room.findings_text(findings_of(done.findings))))
    write_bytes(paths[0], room.packed(done.runs.decode("utf-8")))
    if done.changed:
        warnings.warn(f"{folder}: {done}", XbenchWarning, stacklevel=2)
