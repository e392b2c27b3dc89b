"""``xbench leaderboard``."""

from __future__ import annotations

import importlib
from dataclasses import asdict
from pathlib import Path

from xbench.benchmark.saved_tasks import known_tasks
from xbench.cli.printing import say
from xbench.errors import XbenchError
from xbench.results.findings import FILE, read_findings
from xbench.results.store import ResultStore


def render_store(store: Path, out: Path) -> None:
    """Render a store's records, and name the files written.

    Raises
    ------
    XbenchError
        Where there is no store, or it holds no record.
    """
    if not store.is_dir():
        raise XbenchError(f"{store}: no such folder; run 'xbench run TASK --store {store}' first")
    results = ResultStore(store)
    records = results.records()
    if not records:
        raise XbenchError(f"{store}: holds no records; run 'xbench run TASK --store {store}' first")
    tasks = known_tasks(results)
    # Through its name, as every leaf: this room does not know that one.
    room = importlib.import_module("xbench.leaderboard")
    findings = read_findings(results.folder / FILE)
    rendered = room.render([asdict(record) for record in records], tasks, out, findings=findings)
    for path in rendered:
        say(path)
