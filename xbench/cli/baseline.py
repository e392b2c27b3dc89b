"""``xbench baseline``, ``xbench compare`` and ``xbench bench``: what became worse or slower."""

import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from xbench.benchmark.task import known_tasks, load_task
from xbench.benchmark.thresholds import Thresholds
from xbench.cli.printing import print_line, say
from xbench.errors import XbenchError
from xbench.regression import file, report_formats
from xbench.regression.compare import BaselineComparison
from xbench.regression.compare import compare as compare_with_baseline
from xbench.regression.gate import Gate, failing, parse_fail_on
from xbench.regression.snapshot import Snapshot, snapshot
from xbench.results.record import FAILED
from xbench.results.store import ResultStore
from xbench.testing.performance import compared_seconds, run_benchmarks, saved_runs, table_lines
from xbench.utils.files import write_text
from xbench.utils.text import plain, shown


def save_and_show(name: str, *, store: Path, task: str | None, folder: Path) -> None:
    """Save a store's runs of one task, and say what was kept.

    Raises
    ------
    XbenchError
        Where there are no runs, or of several tasks, datasets or surrogates.
    """
    path = file.baseline_path(name, folder)
    results = _opened(store)
    records = file.of_task(file.records_of(results), task_name(task), str(store))
    records = file.of_place(records, None, str(store))
    told = thresholds_of(task, records[0].task, results)
    taken = snapshot(records, told.reference_method)
    replaced = path.exists()
    file.write_baseline(path, taken)
    say(f"{'replaced' if replaced else 'saved'} {path}: {_described(taken)}")
    lost = sum(run.status in FAILED for run in taken.runs)
    if lost:
        say(f"warning: {lost} of these runs have no result; see their reasons", err=True)


def _opened(store: Path) -> ResultStore:
    # Imported here, since every start of xbench imports this file: it needs NumPy.
    from xbench.benchmark.old_store import opened_store

    return opened_store(store)


def list_and_show(folder: Path) -> None:
    """Print the baselines of a folder, a line each.

    Raises
    ------
    XbenchError
        Where there is none, or one cannot be read.
    """
    names = file.names_in(folder)
    if not names:
        raise XbenchError(f"{folder}: holds no baseline; save one with 'xbench baseline save NAME'")
    longest = max(map(len, names))
    for name in names:
        taken = file.read_baseline(folder / f"{name}.json")
        say(f"{name:<{longest}}  {_described(taken)}")


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


WRITERS: dict[str, Callable[[BaselineComparison, list[Gate]], str]] = {
    "junit": report_formats.to_junit,
    "json": report_formats.to_json,
    "markdown": report_formats.to_markdown,
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
    baseline = file.read_baseline(file.baseline_path(name, folder))
    results = _opened(store)
    fresh = _fresh(baseline, results, task, asked or baseline.repetitions)
    told = thresholds_of(task, baseline.header.task, results)
    comparison = compare_with_baseline(Path(name).stem, baseline, fresh, told, asked)
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
    records = file.of_task(file.records_of(results), header.task, where)
    wanted = file.of_place(records, (header.dataset, header.surrogate), where)
    if not wanted:
        # Of something else: let the comparison say of what.
        wanted = file.of_place(records, None, where)
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


def _show(comparison: BaselineComparison, everything: bool) -> None:
    """Print what changed, the worst first, and what was found in one line."""
    # Eighty columns, which rich takes where there is no terminal, would cut the table.
    console = Console(width=None if sys.stdout.isatty() else 160)
    shown = [gate for gate in comparison.gates if everything or gate.verdict != "same"]
    if not everything:
        # Seconds are never the same twice: those within their factor are only counted.
        shown = [gate for gate in shown if gate.kind != "seconds" or gate.verdict != "within"]
    if shown:
        console.print(_table(shown))
    for line in (
        report_formats.origin(comparison),
        *comparison.notes,
        report_formats.summary(comparison),
    ):
        print_line(console, plain(line))


def _table(gates: list[Gate]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for heading in report_formats.HEADINGS:
        numbers = heading in ("L", "baseline", "now", "change", "allowed")
        whole = heading in report_formats.HEADINGS[4:9]
        side: Literal["left", "right"] = "right" if numbers else "left"
        table.add_column(heading, justify=side, no_wrap=whole, overflow="fold")
    for gate in gates:
        table.add_row(
            *(escape(shown(cell)) for cell in report_formats.cells(gate)),
            style=_STYLES[gate.verdict],
        )
    return table


# Columns of ratios that a screen has room for.
_SHOWN = 5


def bench_and_show(
    storage: Path, *, slow: bool, select: str | None, show: bool, compare: bool
) -> None:
    """Run the benchmarks and save what they measured, or show or compare what was saved."""
    shown = show or compare
    if not shown:
        _run(storage, slow, select)
    elif slow or select is not None:
        raise XbenchError("--show and --compare run nothing: leave out --slow and --select")
    runs = list(saved_runs(storage).values())
    if not runs:
        raise XbenchError(f"{storage}: no saved run; run 'xbench bench' first")
    if show or not shown:
        for line in table_lines(runs[-_SHOWN:]):
            typer.echo(line)
    if compare:
        typer.echo(compared_seconds(storage))


def _run(storage: Path, slow: bool, select: str | None) -> None:
    """Run the benchmarks, save them, and exit with 1 where a ratio was below its gate."""
    typer.echo("measuring; this takes some minutes", err=True)
    outcome = run_benchmarks(storage, slow, select)
    typer.echo(f"saved as {outcome.saved}", err=True)
    if not outcome.passed:
        for line in table_lines([outcome.run]):
            typer.echo(line)
        failed = [line for line in outcome.output.splitlines() if line.startswith("FAILED")]
        typer.echo("\n".join(failed), err=True)
        raise typer.Exit(1)
