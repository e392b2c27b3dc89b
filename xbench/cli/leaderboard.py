"""``xbench leaderboard``."""

import importlib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from xbench.benchmark.old_store import opened_store, renamed
from xbench.benchmark.task import Task, known_tasks
from xbench.cli.printing import say
from xbench.errors import XbenchError, XbenchWarning
from xbench.results.findings import FILE, findings_of, read_findings
from xbench.results.scores import with_scores
from xbench.utils.files import write_bytes


def render_stores(stores: Sequence[Path], out: Path) -> None:
    """Render the records of stores, and name the files written.

    Raises
    ------
    XbenchError
        Where there is no store, or it holds no record; or two have a task of one name that is not
        the same.
    """
    records, findings = [], []
    tasks: dict[str, Task] = {}
    for folder in dict.fromkeys(stores):
        if not folder.is_dir():
            what = f"no such folder; run 'xbench run TASK --store {folder}' first"
            raise XbenchError(f"{folder}: {what}")
        store = opened_store(folder)
        found = store.records()
        if not found:
            what = f"holds no records; run 'xbench run TASK --store {folder}' first"
            raise XbenchError(f"{folder}: {what}")
        own = known_tasks(store)
        for name, task in own.items():
            if tasks.setdefault(name, task) != task:
                what = f"task {name!r} is another one than that of the stores before it"
                raise XbenchError(f"{folder}: {what}; render them apart")
        records += found
        findings += read_findings(folder / FILE)
    upgrade_published(out, tasks)
    # Through its name, as every leaf: this room does not know that one.
    room = importlib.import_module("xbench.leaderboard")
    for path in room.render(with_scores(records, findings), tasks, out, findings=findings):
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
