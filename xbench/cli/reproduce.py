"""``xbench reproduce``, with the contact maps and loops that are given or come with the data."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import typer
from rich.console import Console

from xbench.analysis.contact_map import open_contact_map
from xbench.analysis.contact_source import ContactSource
from xbench.analysis.loops import read_loops
from xbench.benchmark.request import Request
from xbench.benchmark.task import known_tasks, load_task
from xbench.cli.cluster import on_cluster
from xbench.cli.leaderboard import upgrade_published
from xbench.cli.printing import end_where_failed, print_line
from xbench.cli.progress_bars import ShownProgress
from xbench.cli.run import missing_data
from xbench.data.dataset import Dataset
from xbench.data.load import DataChoice
from xbench.errors import XbenchError
from xbench.registry.find import dataset_source
from xbench.reproduction import RESULTS, Order, chosen_results, reproduce
from xbench.results.findings import FILE, read_findings
from xbench.results.scores import with_scores
from xbench.results.store import ResultStore
from xbench.surrogates.checkpoint import require_trained
from xbench.surrogates.evaluation.measure import measure, subject_of
from xbench.surrogates.evaluation.poster import figure2_files
from xbench.surrogates.obtain import obtain


def reproduce_and_show(
    names: Sequence[str],
    *,
    request: Request,
    hic: Sequence[str],
    second_seed: int | None,
    store: Path,
    out: Path,
    skip_missing_data: bool,
    cluster: str | None = None,
) -> None:
    """Make runs and analyses of the paper's results, and render them.

    Raises
    ------
    XbenchError
        An unknown result, or anything that a run refuses.
    RunsFailedError
        Where a run failed.
    """
    console = Console(stderr=True)
    results = chosen_results(names or list(RESULTS))
    if skip_missing_data and (reason := missing_data(request.data)) is not None:
        print_line(console, f"skipped: {reason}")
        return
    if out.is_file():
        raise XbenchError(f"--out {out}: is a file; name a folder")
    kept = ResultStore(store)
    maps = contact_maps(hic, request.data, [one.name for one in results])
    with ShownProgress(console) as progress, on_cluster(cluster, request, progress) as request:
        order = Order(
            [one.name for one in results],
            replace(request, progress=progress),
            maps.of_all,
            maps.by_type,
            second_seed,
        )
        done = reproduce(order, kept)
    figures = []
    if any(one.figure2 for one in results):
        figures = _figure2(request, done.read, out)
    for name, why in done.refused.items():
        print_line(console, f"{name}: not done: {why}")
    records = kept.records()
    if records:
        tasks = known_tasks(kept)
        upgrade_published(out, tasks)
        room = importlib.import_module("xbench.leaderboard")
        findings = read_findings(kept.folder / FILE)
        rendered = room.render(with_scores(records, findings), tasks, out, findings=findings)
        if any(one.name == "figure3" for one in results) and not any(
            "--figure3" in path.name for path in rendered
        ):
            what = "not drawn: it needs finished runs of the method grids, and matplotlib"
            print_line(console, f"figure3: {what}")
        typer.echo(str(out / "README.md"))
    else:
        typer.echo("\n".join(map(str, figures)))
    asked = {one for ids in done.run_ids.values() for one in ids}
    end_where_failed((record for record in records if record.run_id in asked), kept.folder)


def _figure2(request: Request, read: Callable[[DataChoice], Dataset], folder: Path) -> list[Path]:
    """Write the figure of the surrogate that the runs are made on."""
    task = load_task("table1")
    dataset = read(request.data.or_of(task.dataset))
    opened, path = obtain(
        dataset,
        request.surrogate or task.surrogate,
        checkpoint=request.checkpoint,
        seed=request.surrogate_seed,
        progress=request.progress,
    )
    subject = subject_of(dataset, opened, path)
    model = require_trained(opened)
    return figure2_files(measure(dataset, model, subject, projection="pca"), folder)


MAPS, LOOPS = (".cool", ".mcool"), (".bedpe",)


class ContactMaps(NamedTuple):
    """Contact maps and loops, opened: some of all cells, some of single cell types."""

    of_all: list[ContactSource]
    by_type: dict[str, ContactSource]


def contact_maps(given: Sequence[str], data: DataChoice, names: Sequence[str]) -> ContactMaps:
    """Open the maps and loops given; those that come with the data where none is.

    Parameters
    ----------
    given
        Each ``FILE`` or ``TYPE=FILE``; of a file with several maps, ``FILE::/resolutions/10000``.
    data
        Of the runs.
    names
        Results asked for; nothing is opened where ``hic`` is not among them.

    Raises
    ------
    XbenchError
        Maps without ``hic``, two of one cell type, or a file that is none or cannot be read.
    """
    if "hic" not in names:
        if given:
            raise XbenchError(f"--hic {given[0]}: is for the result hic; name it too, or leave out")
        return ContactMaps([], {})
    pairs = [_type_and_file(text) for text in given]
    if not given and data.reading.path is None:
        source = dataset_source(data.name or load_task("table1").dataset)
        pairs = [("", str(path)) for path in source.contacts()]
        pairs += [(name, str(path)) for name, path in source.contacts_by_type().items()]
    maps = ContactMaps([], {})
    for cell_type, file in pairs:
        if not cell_type:
            maps.of_all.append(_opened(file))
        elif cell_type in maps.by_type:
            raise XbenchError(
                f"--hic {cell_type}={file}: there is another map of this cell type; give one"
            )
        else:
            maps.by_type[cell_type] = _opened(file)
    return maps


def _opened(file: str) -> ContactSource:
    path = Path(file.partition("::")[0])
    if path.suffix in MAPS:
        return open_contact_map(file)
    if path.suffix in LOOPS:
        return read_loops(path)
    raise XbenchError(f"--hic {file}: must end in one of: {', '.join((*MAPS, *LOOPS))}")


def _type_and_file(text: str) -> tuple[str, str]:
    """Take TYPE=FILE apart; a file that is there is one, whatever its name."""
    cell_type, separator, file = text.partition("=")
    if not separator or Path(text.partition("::")[0]).exists():
        return "", text
    return cell_type, file
