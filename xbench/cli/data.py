"""``xbench data``: the commands and their options; what they do lives beside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xbench.cli.options import Binarize, CellTypeKey, Labels
from xbench.data.options import Reading

data_app = typer.Typer(
    name="data",
    help="What data there are, get them, check your own.",
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(help="A dataset of 'xbench data list'.")]


@data_app.callback(invoke_without_command=True)
def _help(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@data_app.command("list", epilog="Example: xbench data list --json")
def list_(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """List the datasets: whether each is here, its size, its licence."""
    from xbench.cli.data_shown import show_all

    show_all(as_json)


@data_app.command(epilog="Example: xbench data info dlpfc-multiome")
def info(name: Name) -> None:
    """Say what a dataset is, whom to credit, where its files lie, how to get them."""
    from xbench.cli.data_shown import show_one

    show_one(name)


@data_app.command(epilog="Example: xbench data fetch simulated-multiome")
def fetch(name: Name) -> None:
    """Download or simulate a dataset; what is here already is checked and kept."""
    from xbench.cli.data_fetched import fetch_and_show

    fetch_and_show(name)


@data_app.command(epilog="Example: xbench data validate matrix.h5 --labels types.csv")
def validate(
    file: Annotated[Path, typer.Argument(help="A file or folder that --data would take.")],
    labels: Labels = None,
    cell_type_key: CellTypeKey = "cell_type",
    binarize: Binarize = False,
    genome: Annotated[
        str | None, typer.Option(help="hg38, hg19 or mm10: coordinates must lie inside it.")
    ] = None,
) -> None:
    """Say in plain words what a file holds and what is wrong; the exit code is 1 if it won't do."""
    from xbench.cli.data_validated import validate_and_show

    validate_and_show(Reading(file, labels, cell_type_key, binarize), genome)
