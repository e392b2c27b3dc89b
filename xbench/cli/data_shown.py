"""``xbench data list`` and ``xbench data info``: nothing is read but names and sizes."""

from __future__ import annotations

import inspect
import json
import shutil
import textwrap
from typing import TYPE_CHECKING

import typer

from xbench.data.download.remote_file import size_text
from xbench.holding import Holding
from xbench.registry.find import dataset_source, entries
from xbench.utils.paths import data_folder

if TYPE_CHECKING:
    from xbench.data.source import DatasetSource

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
        typer.echo(f"{source.name:<{width}}  {_state(source, holding)}, {size}")
        indent = " " * (width + 2)
        for line in textwrap.wrap(
            source.licence, room, initial_indent=indent, subsequent_indent=indent
        ):
            typer.echo(line)
    typer.echo(f"data folder: {data_folder()}")


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
    typer.echo(source.name)
    for label, text in rows.items():
        typer.echo(f"  {label + ':':<10}{text}")
    for file in getattr(source, "files", ()):
        typer.echo(f"  file:     {file.name}")
        for text in (file.url, f"{file.size:,} bytes", file.checksum):
            typer.echo(f"            {text}")
    for path in holding.paths:
        typer.echo(f"  lies in:  {path}")
    typer.echo(f"  to get:   {_how(source)}")


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


def _state(source: DatasetSource, holding: Holding) -> str:
    if holding.state == "here":
        return "here"
    if holding.state == "partly" and holding.size:
        return f"{holding.received / holding.size:.0%} here, the rest to download"
    return f"not here ({_GOT[source.origin]})"


def _how(source: DatasetSource) -> str:
    if source.origin in ("simulation", "download"):
        return f"xbench data fetch {source.name}"
    return source.how_to_get
