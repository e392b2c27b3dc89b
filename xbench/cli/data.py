"""``xbench data``: list and describe datasets, fetch one, validate a user's own."""

import inspect
import shutil
import textwrap
import time
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from xbench.cli.printing import say
from xbench.cli.progress_bars import ShownProgress
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchError
from xbench.registry.find import dataset_source, entries
from xbench.utils.files import data_folder
from xbench.utils.json import json_page
from xbench.utils.text import size_text

if TYPE_CHECKING:
    from xbench.data.source import DatasetSource, LocalFiles


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
        typer.echo(json_page([_fields(source) for source in sources]), nl=False)
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


def _fields(source: "DatasetSource") -> dict[str, object]:
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


def _state(source: "DatasetSource", holding: "LocalFiles") -> str:
    if holding.state == "here":
        return "here"
    if holding.state == "partly" and holding.size:
        return f"{holding.received / holding.size:.0%} here, the rest to download"
    return f"not here ({_GOT[source.origin]})"


def _how(source: "DatasetSource") -> str:
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
    with ShownProgress(Console(stderr=True)) as progress:
        paths = source.fetch(progress)
    seconds = time.perf_counter() - started
    size = sum(path.stat().st_size for path in paths if path.is_file())
    folder = " (a folder)" if any(path.is_dir() for path in paths) else f", {size_text(size)}"
    say(f"{source.name} is here{folder}, after {seconds:.1f} s:")
    for path in paths:
        say(f"  {path}")


def validate_and_show(reading: ReadOptions) -> None:
    """Print what a user's file is and what is wrong with it; exit with 1 if it is not ready.

    Raises
    ------
    XbenchError
        Nothing is at a path, or it cannot be opened at all.
    """
    for path in (reading.path, reading.labels, reading.gtf):
        if path is not None and not path.exists():
            raise XbenchError(f"{path}: no such file or folder; give the path of your data")
    assert reading.path is not None, "the command line asks for it"
    from xbench.data.multiome.validate import validate
    from xbench.data.own_genome import genome_of

    if reading.genome is not None:
        genome_of(reading.genome)
    report = validate(reading.path, reading)
    if report.problems and len(report.lines) == 1:
        # Nothing is known but the layout, which the name tells: it could not be opened.
        raise XbenchError(report.problems[0])
    for line in report.lines:
        say(line)
    for problem in report.problems:
        say(f"problem: {problem}")
    say(report.verdict)
    if not report.will_do:
        raise typer.Exit(1)
