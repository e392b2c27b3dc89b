"""The commands on runs that are there: ``xbench runs`` and what it does.

As in `app`, what is here is declared alone; the work is imported when a command is carried out.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xbench.cli.options import Store

if TYPE_CHECKING:
    from xbench.results.manage import Choice

runs_app = typer.Typer(
    name="runs",
    help="Look at the runs of a store, take some out, merge stores, export what was selected.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

Ids = Annotated[
    list[str] | None, typer.Argument(help="Run ids, or what one begins with; all where left out.")
]
Status = Annotated[
    str | None, typer.Option(help="Only runs that ended so: ok, failed, timeout, oom, skipped.")
]
OfTask = Annotated[str | None, typer.Option("--task", help="Only runs of this task.")]
OfDataset = Annotated[str | None, typer.Option("--dataset", help="Only runs on this dataset.")]
OfMethod = Annotated[str | None, typer.Option("--method", help="Only runs of this method.")]
OfTarget = Annotated[
    str | None, typer.Option("--target", help="Only runs on this output, or CELL_TYPE:OUTPUT.")
]


def _choice(
    ids: list[str] | None,
    status: str | None,
    task: str | None,
    dataset: str | None,
    method: str | None,
    target: str | None,
) -> "Choice":
    from xbench.results.manage import Choice

    return Choice(status, task, dataset, method, target, tuple(ids or ()))


@runs_app.command("list", epilog="Example: xbench runs list --status failed")
def list_runs(
    ids: Ids = None,
    status: Status = None,
    task: OfTask = None,
    dataset: OfDataset = None,
    method: OfMethod = None,
    target: OfTarget = None,
    store: Store = Path("results"),
    everything: Annotated[
        bool, typer.Option("--all", help="Show every run, and not the first 50 alone.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the records as lines of JSON.")
    ] = False,
) -> None:
    """List runs, a line each, and why those failed that did."""
    from xbench.cli.runs import list_and_show

    choice = _choice(ids, status, task, dataset, method, target)
    list_and_show(store, choice, everything=everything, as_json=as_json)


@runs_app.command(epilog="Example: xbench runs show 00c0ffee")
def show(
    run: Annotated[str, typer.Argument(help="The id of a run, or what it begins with.")],
    store: Store = Path("results"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the record as one line of JSON.")
    ] = False,
) -> None:
    """Show all that is known of one run: its features by name, its cost, its traceback."""
    from xbench.cli.runs import show_run

    show_run(store, run, as_json=as_json)


@runs_app.command(epilog="Example: xbench runs forget --status failed --method lime")
def forget(
    ids: Ids = None,
    status: Status = None,
    task: OfTask = None,
    dataset: OfDataset = None,
    method: OfMethod = None,
    target: OfTarget = None,
    store: Store = Path("results"),
) -> None:
    """Take runs out of a store, and keep them in a dated file beside it."""
    from xbench.cli.runs import forget_and_show

    forget_and_show(store, _choice(ids, status, task, dataset, method, target))


@runs_app.command(epilog="Example: xbench runs merge laptop cluster --into results")
def merge(
    stores: Annotated[list[Path], typer.Argument(help="Folders of results.")],
    into: Annotated[Path, typer.Option(help="The store they are put into; it may have runs.")],
) -> None:
    """Put the runs of several stores into one; runs that they share are compared."""
    from xbench.cli.runs import merge_and_show

    merge_and_show(stores, into)


@runs_app.command(epilog="Example: xbench runs export --method grids --format bed --out tracks")
def export(
    ids: Ids = None,
    task: OfTask = None,
    dataset: OfDataset = None,
    method: OfMethod = None,
    target: OfTarget = None,
    store: Store = Path("results"),
    file_format: Annotated[
        list[str] | None,
        typer.Option("--format", help="tsv, bed or bedpe; all where left out. Repeatable."),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="The folder for selection.tsv, selection.bed and links.bedpe.")
    ] = Path("selections"),
) -> None:
    """Write what runs selected, by name and place, for genome browsers and spreadsheets."""
    from xbench.cli.runs import FORMATS, export_and_show

    choice = _choice(ids, None, task, dataset, method, target)
    export_and_show(store, choice, file_format or list(FORMATS), out)
