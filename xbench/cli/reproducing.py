"""``xbench reproduce``."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import typer
from rich.console import Console
from rich.markup import escape

from xbench.analysis.contact_map import open_contact_map
from xbench.analysis.contact_source import ContactSource
from xbench.analysis.loops import read_loops
from xbench.analysis.store import FILE, read_findings
from xbench.cli.progress import ShownRuns
from xbench.cli.running import missing_data
from xbench.errors import XbenchError
from xbench.record import FAILED
from xbench.registry import dataset_source
from xbench.report.figure2 import figure2_files
from xbench.report.measure import measure
from xbench.report.subject import trained_or_opened
from xbench.reproduction import RESULTS, Order, chosen_results, reproduce
from xbench.request import Request
from xbench.setting import DataChoice
from xbench.store import ResultStore
from xbench.stored_tasks import known_tasks
from xbench.task import load_task

MAPS = (".cool", ".mcool")


def reproduce_and_show(
    names: Sequence[str],
    *,
    request: Request,
    hic: Sequence[str],
    second_seed: int,
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
    kept = ResultStore(store)
    maps = _maps(hic, request.data, [one.name for one in results])
    with ShownRuns(console) as watcher:
        order = Order(
            [one.name for one in results],
            replace(request, watcher=watcher),
            maps.named_by_file,
            maps.named_by_type,
            second_seed,
        )
        done = reproduce(order, kept, partial(_tell, console))
    if any(one.figure2 for one in results):
        _figure2(request, out / "published")
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
    asked = {one for ids in done.run_ids.values() for one in ids}
    if any(record.status in FAILED for record in records if record.run_id in asked):
        console.print("some runs failed; their records say why", highlight=False)
        raise typer.Exit(1)


def _tell(console: Console, what: str, done: int, of: int) -> None:
    """Print a line every tenth of the analyses."""
    if 10 * done // of > 10 * (done - 1) // of:
        console.print(f"analysed {done} of {of} runs: {what}", highlight=False, soft_wrap=True)


class _Maps(NamedTuple):
    """Contact maps and loops, opened."""

    named_by_file: dict[str, ContactSource]
    named_by_type: dict[str, ContactSource]


def _maps(given: Sequence[str], data: DataChoice, names: Sequence[str]) -> _Maps:
    """Open the maps and loops given; those that come with the data where none is."""
    maps = _Maps({}, {})
    if "hic" not in names:
        return maps
    pairs = [_type_and_file(text) for text in given]
    if not given and data.reading.path is None:
        source = dataset_source(data.name or load_task("table1").dataset)
        pairs = [("", path) for path in source.contacts()]
        pairs += source.contacts_by_type().items()
    for cell_type, path in pairs:
        where, name = (
            (maps.named_by_type, cell_type) if cell_type else (maps.named_by_file, path.name)
        )
        if name in where:
            what = "map of this cell type" if cell_type else "file of the same name"
            raise XbenchError(f"--hic {path}: there is another {what}; give one of them")
        where[name] = open_contact_map(path) if path.suffix in MAPS else read_loops(path)
    return maps


def _type_and_file(text: str) -> tuple[str, Path]:
    """Take TYPE=FILE apart; a file that is there is one, whatever its name."""
    cell_type, separator, file = text.partition("=")
    if not separator or Path(text).exists():
        return "", Path(text)
    return cell_type, Path(file)


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
