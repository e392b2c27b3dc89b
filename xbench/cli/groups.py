"""The groups of commands: `baseline`, `cluster`, `data`, `report`, `runs`.

As in `app`, what is here is declared alone; the work is imported when a command is carried out.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from xbench.cli.options import (
    Checkpoint,
    Cluster,
    DatasetOption,
    Jobs,
    Store,
    StrictTyper,
    chooses_runs,
    reads_data,
)
from xbench.data.read_options import AS_IT_IS, ReadOptions


def _help(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


Folder = Annotated[Path, typer.Option(help="Folder of the baselines.")]

baseline_app = StrictTyper(
    name="baseline",
    help="Keep results in a file, to compare later ones with.",
    rich_markup_mode=None,
)


baseline_app.callback(invoke_without_command=True)(_help)


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
    from xbench.cli.baseline import save_and_show

    save_and_show(name, store=store, task=task, folder=folder)


@baseline_app.command("list", epilog="Example: xbench baseline list")
def list_baselines(folder: Folder = Path("baselines")) -> None:
    """List the baselines of a folder."""
    from xbench.cli.baseline import list_and_show

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
    from xbench.cli.baseline import compare_and_show

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


data_app = StrictTyper(
    name="data",
    help="What data there are, get them, check your own.",
    rich_markup_mode=None,
)

NameArgument = Annotated[str, typer.Argument(help="A dataset of 'xbench data list'.")]


data_app.callback(invoke_without_command=True)(_help)


@data_app.command("list", epilog="Example: xbench data list --json")
def list_data(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the datasets: whether each is here, its size, its licence."""
    from xbench.cli.data import show_all

    show_all(as_json)


@data_app.command(epilog="Example: xbench data info dlpfc-multiome")
def info(name: NameArgument) -> None:
    """Say what a dataset is, whom to credit, where its files lie, how to get them."""
    from xbench.cli.data import show_one

    show_one(name)


@data_app.command(epilog="Example: xbench data fetch simulated-multiome")
def fetch(name: NameArgument) -> None:
    """Download or simulate a dataset; what is here already is checked and kept."""
    from xbench.cli.data import fetch_and_show

    fetch_and_show(name)


@data_app.command(epilog="Example: xbench data validate matrix.h5 --labels types.csv")
@partial(reads_data, place=False)
def validate(
    file: Annotated[Path, typer.Argument(help="A file or folder that --data would take.")],
    reading: ReadOptions = AS_IT_IS,
) -> None:
    """Say in plain words what a file holds and what is missing; the exit code is 0 if it is ready.

    The last line says "ready to use", "usable with: ..." and the options, or "not usable yet".
    """
    from xbench.cli.data import validate_and_show

    validate_and_show(replace(reading, path=file))


@data_app.command(epilog="Example: xbench data prepared --clear")
def prepared(
    digest: Annotated[
        str, typer.Argument(help="Of the data that go, or what it begins with; all.")
    ] = "",
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove them; made again when asked for.")
    ] = False,
) -> None:
    """List what the cache keeps ready of data too large for memory, or remove it."""
    from xbench.cli.prepared_data import clear_and_show, show_prepared

    clear_and_show(digest) if clear else show_prepared(digest)


report_app = StrictTyper(
    name="report",
    help="Put what is known of a trained surrogate on one page.",
    rich_markup_mode=None,
)


report_app.callback(invoke_without_command=True)(_help)


@report_app.command(epilog="Example: xbench report surrogate snare-cortex --out snare-cortex.html")
@reads_data
def surrogate(
    dataset: Annotated[
        str | None, typer.Argument(help="A dataset of 'xbench list datasets'.")
    ] = None,
    reading: ReadOptions = AS_IT_IS,
    surrogate: Annotated[
        str | None, typer.Option(help="Architecture instead of the dataset's own.")
    ] = None,
    checkpoint: Checkpoint = None,
    split: Annotated[
        str | None,
        typer.Option(help="As in training: strict (where left out), reference, half-a, half-b."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of training; 0 where left out.")] = None,
    space: Annotated[
        str, typer.Option(help="What the map is of: embedding, or observed expression.")
    ] = "embedding",
    projection: Annotated[
        str, typer.Option(help="umap, pca, or auto: UMAP where umap-learn is installed.")
    ] = "auto",
    out: Annotated[
        Path, typer.Option(help="The page, .html or .png; a .json is written beside it.")
    ] = Path("surrogate-report.html"),
) -> None:
    """How well a surrogate predicts expression: markers, all genes, a map, its training.

    Takes the surrogate that was trained before, or trains it as a run would.
    """
    from xbench.cli.surrogates import report_surrogate

    report_surrogate(
        dataset,
        reading=reading,
        surrogate=surrogate,
        checkpoint=checkpoint,
        split=split,
        seed=seed,
        space=space,
        projection=projection,
        out=out,
    )


cluster_app = StrictTyper(
    name="cluster",
    help="Work on Dask: see what the workers of a cluster have.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@cluster_app.callback()
def _cluster() -> None:
    """A group, though it has one command yet."""


@cluster_app.command(
    epilog="Example: xbench cluster check --cluster lab.yml --dataset snare-cortex"
)
@reads_data
def check(
    cluster: Cluster = "local",
    dataset: DatasetOption = None,
    reading: ReadOptions = AS_IT_IS,
    jobs: Jobs = None,
    wait: Annotated[
        float, typer.Option(help="Wait so many seconds for workers that are not there yet.")
    ] = 120.0,
) -> None:
    """Say whether workers see the same xbench, versions and data; exit code 2 where they do not."""
    from xbench.cli.cluster import check_and_show
    from xbench.data.load import DataChoice

    check_and_show(cluster or "local", DataChoice(dataset, reading), jobs=jobs, wait=wait)


runs_app = StrictTyper(
    name="runs",
    help="Look at the runs of a store, take some out, merge stores, export what was selected.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@runs_app.command("list", epilog="Example: xbench runs list --status failed")
@chooses_runs
def list_runs(
    which: Any = None,
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

    list_and_show(store, which, everything=everything, as_json=as_json)


@runs_app.command(epilog="Example: xbench runs show 00c0ffee")
def show(
    run: Annotated[str, typer.Argument(help="The id of a run, or what it begins with.")],
    store: Store = Path("results"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the record as one line of JSON.")
    ] = False,
    look_at_data: Annotated[
        bool,
        typer.Option(
            "--data",
            help="Open its dataset, if that is here: which features are true, names of old runs.",
        ),
    ] = False,
) -> None:
    """Show all that is known of one run: its features by name, its cost, its traceback."""
    from xbench.cli.runs import show_run

    show_run(store, run, as_json=as_json, look_at_data=look_at_data)


@runs_app.command(epilog="Example: xbench runs forget --status failed --method lime")
@chooses_runs
def forget(
    which: Any = None,
    store: Store = Path("results"),
) -> None:
    """Take runs out of a store, and keep them in a dated file beside it."""
    from xbench.cli.runs import forget_and_show

    forget_and_show(store, which)


@runs_app.command(epilog="Example: xbench runs merge laptop cluster --into results")
def merge(
    stores: Annotated[list[Path], typer.Argument(help="Folders of results.")],
    into: Annotated[Path, typer.Option(help="The store they are put into; it may have runs.")],
) -> None:
    """Put the runs of several stores into one; runs that they share are compared."""
    from xbench.cli.runs import merge_and_show

    merge_and_show(stores, into)


@runs_app.command(epilog="Example: xbench runs export --method grids --format bed --out tracks")
@partial(chooses_runs, ended=False)
def export(
    which: Any = None,
    store: Store = Path("results"),
    file_format: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="tsv, bed or bedpe, all three where left out; or parquet. Repeatable.",
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(
            help="The folder for selection.tsv, selection.bed, links.bedpe and runs.parquet."
        ),
    ] = Path("selections"),
    mlflow: Annotated[
        str | None,
        typer.Option(metavar="<uri>", help="Log the runs in MLflow, such as http://host:5000."),
    ] = None,
) -> None:
    """Write what runs selected, by name and place, for genome browsers and spreadsheets.

    With --format parquet a table of all runs, a row each, for DuckDB and pandas; with --mlflow no
    file is written but those whose format is given.
    """
    from xbench.cli.runs import FORMATS, export_and_show

    formats = file_format or ([] if mlflow else list(FORMATS))
    export_and_show(store, which, formats, out, mlflow=mlflow)
