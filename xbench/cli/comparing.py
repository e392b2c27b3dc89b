"""``xbench compare``."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from xbench.cli.baseline_saved import task_name, thresholds_of
from xbench.errors import XbenchError
from xbench.regression.chosen import of_place, of_task, records_of
from xbench.regression.compare import Comparison, compare
from xbench.regression.fail_on import failing, parse_fail_on
from xbench.regression.file import baseline_path, read_baseline
from xbench.regression.gate import Gate
from xbench.regression.json_report import to_json
from xbench.regression.junit import to_junit
from xbench.regression.markdown import to_markdown
from xbench.regression.report import HEADINGS, cells, origin, summary
from xbench.regression.snapshot import Snapshot, snapshot
from xbench.results.store import ResultStore
from xbench.utils.files import write_text

WRITERS: dict[str, Callable[[Comparison, list[Gate]], str]] = {
    "junit": to_junit,
    "json": to_json,
    "markdown": to_markdown,
}
_STYLES = {"regression": "bold red", "better": "green", "within": "yellow", "same": "dim"}


def compare_and_show(
    name: str,
    *,
    store: Path,
    task: str | None,
    folder: Path,
    fail_on: str | None,
    repetitions: str | None,
    reports: Mapping[str, Path | None],
    everything: bool,
) -> None:
    """Compare a store's runs with a baseline, print and write what changed.

    Raises
    ------
    XbenchError
        Where they cannot be compared.
    typer.Exit
        With code 1, where a regression counts.
    """
    counted = parse_fail_on(fail_on)
    asked = None if repetitions is None else _numbers(repetitions)
    baseline = read_baseline(baseline_path(name, folder))
    results = ResultStore(store)
    fresh = _fresh(baseline, results, task, asked or baseline.repetitions)
    told = thresholds_of(task, baseline.header.task, results)
    comparison = compare(Path(name).stem, baseline, fresh, told, asked)
    worse = failing(comparison.gates, counted)
    for kind, path in reports.items():
        if path is not None:
            write_text(path, WRITERS[kind](comparison, worse))
    _show(comparison, everything)
    if worse:
        raise typer.Exit(1)


def _fresh(
    baseline: Snapshot, results: ResultStore, task: str | None, repetitions: Sequence[int]
) -> Snapshot:
    """Take the snapshot of a store's runs of the baseline's task, of these repetitions alone."""
    header, where = baseline.header, str(results.folder)
    given = task_name(task)
    if given is not None and given != header.task:
        raise XbenchError(
            f"the baseline is of task {header.task!r}, not {given!r}; leave out --task, or name "
            "another baseline"
        )
    records = of_task(records_of(results), header.task, where)
    wanted = of_place(records, (header.dataset, header.surrogate), where)
    if not wanted:
        # Of something else: let the comparison say of what.
        wanted = of_place(records, None, where)
    asked = [record for record in wanted if record.repetition in repetitions]
    if not asked:
        numbers = f"{repetitions[0]}-{repetitions[-1]}"
        raise XbenchError(
            f"{where}: holds no run of repetitions {numbers} of task {header.task!r}; run it with "
            f"--seeds {repetitions[-1] + 1}"
        )
    return snapshot(asked, header.reference_method)


def _numbers(text: str) -> list[int]:
    """Read ``5-9`` or ``5`` as repetitions."""
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text.strip())
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if first > last:
        raise XbenchError(f"--repetitions {text!r}: must be two numbers from 0, such as 5-9")
    return list(range(first, last + 1))


def _show(comparison: Comparison, everything: bool) -> None:
    """Print what changed, the worst first, and what was found in one line."""
    # Eighty columns, which rich takes where there is no terminal, would cut the table.
    console = Console(width=None if sys.stdout.isatty() else 160)
    shown = [gate for gate in comparison.gates if everything or gate.verdict != "same"]
    if not everything:
        # Seconds are never the same twice: those within their factor are only counted.
        shown = [gate for gate in shown if gate.kind != "seconds" or gate.verdict != "within"]
    if shown:
        console.print(_table(shown))
    plain = importlib.import_module("xbench.utils.text").plain
    for line in (origin(comparison), *comparison.notes, summary(comparison)):
        console.print(escape(plain(line)), highlight=False, soft_wrap=True)


def _table(gates: list[Gate]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for heading in HEADINGS:
        side = "right" if heading in ("L", "baseline", "now", "change", "allowed") else "left"
        table.add_column(heading, justify=side, no_wrap=heading in HEADINGS[4:9], overflow="fold")  # type: ignore[arg-type]
    for gate in gates:
        table.add_row(*map(escape, cells(gate)), style=_STYLES[gate.verdict])
    return table
