"""``xbench run``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from xbench.cli.progress import ShownRuns
from xbench.errors import XbenchError
from xbench.metrics import METRICS
from xbench.record import Record
from xbench.registry import dataset_source
from xbench.runner import Request, run_request
from xbench.setting import DataChoice
from xbench.store import ResultStore
from xbench.task import Task, load_task


def run_and_show(
    task_name: str,
    *,
    dataset: str | None,
    data: Path | None,
    binarize: bool,
    cell_type_key: str,
    methods: str | None,
    method_files: Sequence[Path],
    targets: Sequence[str] | None,
    subset_sizes: str | None,
    seeds: int | None,
    jobs: int | None,
    device: str,
    checkpoint: Path | None,
    store: Path,
    skip_missing_data: bool,
) -> None:
    """Run a task with a progress bar, then print what came out."""
    console = Console(stderr=True)
    task = load_task(task_name)
    choice = DataChoice(dataset, data, binarize, cell_type_key)
    if dataset is None and data is None:
        choice = DataChoice(task.dataset, None, binarize, cell_type_key)
    if jobs is not None and jobs < 1:
        raise XbenchError(f"--jobs {jobs}: must be at least 1")
    if skip_missing_data and (reason := _missing(choice)) is not None:
        console.print(
            escape(f"skipped task {task.name}: {reason}"), highlight=False, soft_wrap=True
        )
        return
    results = ResultStore(store)
    with ShownRuns(console) as watcher:
        ids = run_request(
            Request(
                task=task_name,
                data=choice,
                methods=None if methods is None else _listed(methods, "--methods"),
                method_files=[str(path) for path in method_files],
                targets=targets,
                subset_sizes=None if subset_sizes is None else _sizes(subset_sizes),
                repetitions=seeds,
                checkpoint=checkpoint,
                jobs=jobs,
                device=device,
                watcher=watcher,
            ),
            results,
        )
    records, problems = results.read()
    for problem in problems:
        console.print(escape(f"warning: {problem}"), highlight=False, soft_wrap=True)
    asked = set(ids)
    chosen = [record for record in records if record.run_id in asked]
    _print_summary(Console(), task, chosen)
    console.print(escape(f"records in {results.folder}"), highlight=False, soft_wrap=True)
    if any(record.status in ("failed", "timeout", "oom") for record in chosen):
        console.print("some runs failed; their records say why", highlight=False)
        raise typer.Exit(1)


def _missing(choice: DataChoice) -> str | None:
    return None if choice.name is None or choice.path else dataset_source(choice.name).available()


def _listed(text: str, option: str) -> list[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise XbenchError(f"{option} {text!r}: names nothing; give names separated by commas")
    return parts


def _sizes(text: str) -> list[int]:
    try:
        return [int(part) for part in _listed(text, "-L")]
    except ValueError as error:
        raise XbenchError(f"-L {text!r}: must be whole numbers by comma, such as 10,128") from error


def _print_summary(console: Console, task: Task, records: Sequence[Record]) -> None:
    """Print means over runs, by L and method: a first look, not the leaderboard."""
    shown = [task.primary_metric, *(m for m in task.metrics if m != task.primary_metric)][:4]
    arrows = {"lower": " ↓", "higher": " ↑", "none": ""}
    table = Table(title=escape(f"{task.title}: mean over runs"), title_justify="left")
    for heading in ("L", "method", "ok", "failed", "skipped"):
        table.add_column(heading, justify="left" if heading == "method" else "right")
    for name in shown:
        metric = METRICS[name]
        table.add_column(metric.label + arrows[metric.direction], justify="right")
    table.add_column("seconds", justify="right")
    groups: dict[tuple[int, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.L, record.method), []).append(record)
    for (size, method), members in sorted(groups.items(), key=lambda group: group[0][0]):
        done = [record for record in members if record.status == "ok"]
        skipped = sum(record.status == "skipped" for record in members)
        counts = (len(done), len(members) - len(done) - skipped, skipped)
        means = [_mean([record.metrics.get(name) for record in done]) for name in shown]
        seconds = _mean([record.seconds for record in done])
        table.add_row(str(size), escape(method), *map(str, counts), *means, seconds)
    console.print(table)


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known) / len(known):.3f}" if known else "–"
