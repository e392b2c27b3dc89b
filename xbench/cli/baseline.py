"""``xbench baseline`` and ``xbench compare``: commands and options; what they do lives beside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xbench.cli.options import Store

Folder = Annotated[Path, typer.Option(help="Folder of the baselines.")]

baseline_app = typer.Typer(
    name="baseline",
    help="Keep results in a file, to compare later ones with.",
    rich_markup_mode=None,
)


@baseline_app.callback(invoke_without_command=True)
def _help(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@baseline_app.command(epilog="Example: xbench baseline save ci --store results --task ci")
def save(
    name: Annotated[str, typer.Argument(help="Of the baseline, or a .json file.")],
    store: Store = Path("results"),
    task: Annotated[
        str | None, typer.Option(help="Task of the store, or its .toml file; the only one.")
    ] = None,
    folder: Folder = Path("baselines"),
) -> None:
    """Save the newest runs of a task as a baseline; one of that name is replaced."""
    from xbench.cli.baseline_saved import save_and_show

    save_and_show(name, store=store, task=task, folder=folder)


@baseline_app.command("list", epilog="Example: xbench baseline list")
def list_(folder: Folder = Path("baselines")) -> None:
    """List the baselines of a folder."""
    from xbench.cli.baseline_saved import list_and_show

    list_and_show(folder)


def compare(
    name: Annotated[str, typer.Argument(help="Of the baseline, or a .json file.")],
    store: Store = Path("results"),
    task: Annotated[
        str | None,
        typer.Option(help="Task whose thresholds count, or its .toml file; the baseline's."),
    ] = None,
    folder: Folder = Path("baselines"),
    fail_on: Annotated[
        str | None,
        typer.Option(help="runs, metrics, evaluations, seconds, names of metrics; nothing. All."),
    ] = None,
    repetitions: Annotated[
        str | None, typer.Option(help="Compare these instead, such as 5-9: other seeds.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML here.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write every number here.")] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Write a comment for a pull request here.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show what is the same, too.")] = False,
) -> None:
    """Compare the newest runs with a baseline: 0 same or better, 1 worse, 2 cannot be compared."""
    from xbench.cli.comparing import compare_and_show

    compare_and_show(
        name,
        store=store,
        task=task,
        folder=folder,
        fail_on=fail_on,
        repetitions=repetitions,
        reports={"junit": junit, "json": json, "markdown": markdown},
        everything=everything,
    )
