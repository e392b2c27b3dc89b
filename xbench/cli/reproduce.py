"""``xbench reproduce``."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape

from xbench.analysis.store import FILE, read_findings
from xbench.benchmark.request import Request
from xbench.benchmark.saved_tasks import known_tasks
from xbench.benchmark.task import load_task
from xbench.cli.contact_maps import contact_maps
from xbench.cli.progress import ShownRuns
from xbench.cli.run import missing_data
from xbench.errors import XbenchError
from xbench.reproduction import RESULTS, Order, chosen_results, reproduce
from xbench.results.record import FAILED
from xbench.results.store import ResultStore
from xbench.surrogates.evaluation.figure2 import figure2_files
from xbench.surrogates.evaluation.measure import measure
from xbench.surrogates.evaluation.subject import trained_or_opened


def reproduce_and_show(
    names: Sequence[str],
    *,
    request: Request,
    hic: Sequence[str],
    second_seed: int | None,
    store: Path,
    out: Path,
    skip_missing_data: bool,
) -> None:
    """Make runs and analyses of the paper's results, and render them.

    Raises
    ------
    XbenchError
        An unknown result, or anything that a run refuses.
    typer.Exit
        With code 1, where a run failed.
    """
    console = Console(stderr=True)
    results = chosen_results(names or list(RESULTS))
    if skip_missing_data and (reason := missing_data(request.data)) is not None:
        console.print(escape(f"skipped: {reason}"), highlight=False, soft_wrap=True)
        return
    if out.is_file():
        raise XbenchError(f"--out {out}: is a file; name a folder")
    kept = ResultStore(store)
    maps = contact_maps(hic, request.data, [one.name for one in results])
    with ShownRuns(console) as watcher:
        order = Order(
            [one.name for one in results],
            replace(request, watcher=watcher),
            maps.of_all,
            maps.by_type,
            second_seed,
        )
        done = reproduce(order, kept, partial(_tell, console))
    figures = []
    if any(one.figure2 for one in results):
        figures = _figure2(request, out / "published")
    for name, why in done.refused.items():
        console.print(escape(f"{name}: not done: {why}"), highlight=False, soft_wrap=True)
    records = kept.records()
    if records:
        room = importlib.import_module("xbench.leaderboard")
        room.render(
            [asdict(record) for record in records],
            known_tasks(kept),
            out,
            findings=read_findings(kept.folder / FILE),
        )
        typer.echo(str(out / "published" / "README.md"))
    else:
        typer.echo("\n".join(map(str, figures)))
    asked = {one for ids in done.run_ids.values() for one in ids}
    if any(record.status in FAILED for record in records if record.run_id in asked):
        console.print("some runs failed; their records say why", highlight=False)
        raise typer.Exit(1)


def _tell(console: Console, what: str, done: int, of: int) -> None:
    """Print a line every tenth of the analyses."""
    if 10 * done // of > 10 * (done - 1) // of:
        console.print(f"analysed {done} of {of} runs: {what}", highlight=False, soft_wrap=True)


def _figure2(request: Request, folder: Path) -> list[Path]:
    """Write the figure of the surrogate that the runs are made on."""
    task = load_task("table1")
    dataset = request.data.or_of(task.dataset).load()
    name = None if request.checkpoint else request.surrogate or task.surrogate
    seed = None if request.checkpoint else request.surrogate_seed
    progress = request.watcher.training
    opened, subject = trained_or_opened(
        dataset, name, request.checkpoint, seed=seed, progress=progress
    )
    return figure2_files(measure(dataset, opened.model, subject, projection="pca"), folder)
