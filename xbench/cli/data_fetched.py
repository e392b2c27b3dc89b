"""``xbench data fetch``."""

from __future__ import annotations

import time

import typer
from rich.console import Console

from xbench.cli.download_bar import DownloadBar
from xbench.data.download.remote_file import size_text
from xbench.registry.find import dataset_source


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
    typer.echo(f"{source.name} is here{folder}, after {seconds:.1f} s:")
    for path in paths:
        typer.echo(f"  {path}")
