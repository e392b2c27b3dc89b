"""``xbench data``: the commands and their options; what they do lives beside.

``xbench data list`` and ``xbench data info``: nothing is read but names and sizes.

``xbench data fetch``.

``xbench data validate``.
"""

from __future__ import annotations

import inspect
import json
import shutil
import textwrap
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from xbench.cli.options import reads_data
from xbench.cli.printing import say
from xbench.cli.progress_bars import DownloadBar
from xbench.data.download.remote_file import size_text
from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.data.source import LocalFiles
from xbench.errors import XbenchError, unknown_name
from xbench.registry.find import dataset_source, entries
from xbench.utils.paths import data_folder

if TYPE_CHECKING:
    from xbench.data.source import DatasetSource

data_app = typer.Typer(
    name="data",
    help="What data there are, get them, check your own.",
    rich_markup_mode=None,
)

NameArgument = Annotated[str, typer.Argument(help="A dataset of 'xbench data list'.")]


@data_app.callback(invoke_without_command=True)
def _help(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@data_app.command("list", epilog="Example: xbench data list --json")
def list_(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """List the datasets: whether each is here, its size, its licence."""
    show_all(as_json)


@data_app.command(epilog="Example: xbench data info dlpfc-multiome")
def info(name: NameArgument) -> None:
    """Say what a dataset is, whom to credit, where its files lie, how to get them."""
    show_one(name)


@data_app.command(epilog="Example: xbench data fetch simulated-multiome")
def fetch(name: NameArgument) -> None:
    """Download or simulate a dataset; what is here already is checked and kept."""
    fetch_and_show(name)


@data_app.command(epilog="Example: xbench data validate matrix.h5 --labels types.csv")
@partial(reads_data, place=False)
def validate(
    file: Annotated[Path, typer.Argument(help="A file or folder that --data would take.")],
    reading: ReadOptions = AS_IT_IS,
    genome: Annotated[
        str | None, typer.Option(help="hg38, hg19 or mm10: coordinates must lie inside it.")
    ] = None,
) -> None:
    """Say in plain words what a file holds and what is wrong; the exit code is 1 if it won't do."""
    validate_and_show(replace(reading, path=file), genome)


# How an absent dataset comes here.
_GOT = {
    "by hand": "get it by hand",
    "built in": "install xbench again",
    "simulation": "simulated when first used",
    "download": "to download",
}


def show_all(as_json: bool) -> None:
    """Print every dataset."""
    sources = [dataset_source(entry.name) for entry in entries("dataset")]
    if as_json:
        typer.echo(json.dumps([_fields(source) for source in sources], indent=1))
        return
    room = max(60, shutil.get_terminal_size((100, 24)).columns)
    width = max(len(source.name) for source in sources)
    for source in sources:
        holding = source.holding()
        size = "-" if holding.size is None else size_text(holding.size)
        say(f"{source.name:<{width}}  {_state(source, holding)}, {size}")
        indent = " " * (width + 2)
        for line in textwrap.wrap(
            source.licence, room, initial_indent=indent, subsequent_indent=indent
        ):
            say(line)
    say(f"data folder: {data_folder()}")


def show_one(name: str) -> None:
    """Print what is known about a dataset.

    Raises
    ------
    XbenchError
        For an unknown name.
    """
    source = dataset_source(name)
    holding = source.holding()
    rows = {
        "what": (inspect.getdoc(type(source)) or "").partition("\n")[0],
        "citation": source.citation,
        "licence": source.licence,
        "genome": source.genome or "none",
        "here": _state(source, holding),
        "size": "unknown" if holding.size is None else f"{holding.size:,} bytes",
    }
    if page := getattr(source, "page", ""):
        rows["page"] = page
    say(source.name)
    for label, text in rows.items():
        say(f"  {label + ':':<10}{text}")
    for file in getattr(source, "files", ()):
        say(f"  file:     {file.name}")
        for text in (file.url, f"{file.size:,} bytes", file.checksum):
            say(f"            {text}")
    for path in holding.paths:
        say(f"  lies in:  {path}")
    say(f"  to get:   {_how(source)}")


def _fields(source: DatasetSource) -> dict[str, object]:
    holding = source.holding()
    return {
        "name": source.name,
        "state": holding.state,
        "origin": source.origin,
        "bytes": holding.size,
        "received": holding.received,
        "paths": [str(path) for path in holding.paths],
        "genome": source.genome or None,
        "licence": source.licence,
    }


def _state(source: DatasetSource, holding: LocalFiles) -> str:
    if holding.state == "here":
        return "here"
    if holding.state == "partly" and holding.size:
        return f"{holding.received / holding.size:.0%} here, the rest to download"
    return f"not here ({_GOT[source.origin]})"


def _how(source: DatasetSource) -> str:
    if source.origin in ("simulation", "download"):
        return f"xbench data fetch {source.name}"
    return source.how_to_get


def fetch_and_show(name: str) -> None:
    """Get a dataset with a progress bar, then say where it is and how long it took.

    Raises
    ------
    XbenchError
        For an unknown name, one that no program may get, or a failure on the way.
    """
    source = dataset_source(name)
    started = time.perf_counter()
    with DownloadBar(Console(stderr=True)) as watcher:
        paths = source.fetch(watcher)
    seconds = time.perf_counter() - started
    size = sum(path.stat().st_size for path in paths if path.is_file())
    folder = " (a folder)" if any(path.is_dir() for path in paths) else f", {size_text(size)}"
    say(f"{source.name} is here{folder}, after {seconds:.1f} s:")
    for path in paths:
        say(f"  {path}")


def validate_and_show(reading: ReadOptions, genome: str | None) -> None:
    """Print what a user's file is and what is wrong with it; exit with 1 if it will not do.

    Raises
    ------
    XbenchError
        Nothing is at a path, or it cannot be opened at all.
    """
    for path in (reading.path, reading.labels):
        if path is not None and not path.exists():
            raise XbenchError(f"{path}: no such file or folder; give the path of your data")
    assert reading.path is not None, "the command line asks for it"
    from xbench.data.genome import GENOMES, chromosome_lengths
    from xbench.data.multiome.validate import validate

    if genome is not None and chromosome_lengths(genome) is None:
        raise unknown_name("genome", genome, GENOMES)
    report = validate(reading.path, reading, genome)
    if report.problems and len(report.lines) == 1:
        # Nothing is known but the layout, which the name tells: it could not be opened.
        raise XbenchError(report.problems[0])
    for line in report.lines:
        say(line)
    for problem in report.problems:
        say(f"problem: {problem}")
    say("it will do" if report.will_do else "it will not do as it is")
    if not report.will_do:
        raise typer.Exit(1)
