"""``xbench leaderboard``."""

import importlib
import warnings
from collections.abc import Mapping
from pathlib import Path

from xbench.benchmark.old_store import opened_store, renamed
from xbench.benchmark.task import Task, known_tasks
from xbench.cli.printing import say
from xbench.errors import XbenchError, XbenchWarning
from xbench.results.findings import FILE, findings_of, read_findings
from xbench.utils.files import write_bytes


def render_store(store: Path, out: Path) -> None:
    """Render a store's records, and name the files written.

    Raises
    ------
    XbenchError
        Where there is no store, or it holds no record.
    """
    if not store.is_dir():
        raise XbenchError(f"{store}: no such folder; run 'xbench run TASK --store {store}' first")
    results = opened_store(store)
    records = results.records()
    if not records:
        raise XbenchError(f"{store}: holds no records; run 'xbench run TASK --store {store}' first")
    tasks = known_tasks(results)
    upgrade_published(out / "published", tasks)
    # Through its name, as every leaf: this room does not know that one.
    room = importlib.import_module("xbench.leaderboard")
    findings = read_findings(results.folder / FILE)
    rendered = room.render(records, tasks, out, findings=findings)
    for path in rendered:
        say(path)


def upgrade_published(folder: Path, tasks: Mapping[str, Task]) -> None:
    """Give the runs that an older xbench published their new ids, and say so in one line; once.

    Parameters
    ----------
    folder
        ``published`` of a leaderboard; nothing is done where it has no runs of old ids.
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
