"""The commands, their options and their help; what they do lives elsewhere."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import xbench
from xbench.cli import options
from xbench.cli.groups import (
    baseline_app,
    cluster_app,
    compare,
    data_app,
    merge,
    report_app,
    runs_app,
)
from xbench.cli.pages import leaderboard, site
from xbench.cli.self_checks import bench, verify
from xbench.data.read_options import AS_IT_IS, ReadOptions

app = options.StrictTyper(
    name="xbench",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data_app)
app.add_typer(baseline_app)
app.add_typer(cluster_app)
app.add_typer(report_app)
app.add_typer(runs_app)
app.command(epilog="Example: xbench merge laptop cluster --into results")(merge)
app.command(epilog="Example: xbench compare ci --store results --junit report.xml")(compare)


def _version(show: bool) -> None:
    if show:
        typer.echo(xbench.__version__)
        raise typer.Exit


@app.callback(
    epilog="Add to any command: --verbose (-v, or -vv for more) to see what it reads, trains and "
    "writes; --debug to see the traceback of an error; --plugin FILE (.py, .toml, folder, module; "
    "repeatable) to use what it defines. Example: xbench run quick"
)
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Which L features, masked together, change a model's output most? Ask every method."""


@app.command("list", epilog="Example: xbench list methods --json")
def list_(
    kind: Annotated[
        str | None,
        typer.Argument(help="datasets, methods, tasks, metrics or surrogates; all where left out."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List what there is, and what each is."""
    from xbench.cli.plugins import show

    show(kind, as_json)


@app.command(epilog="Example: xbench run table1 --methods grids,random -L 10 --jobs 2")
@options.reads_data
def run(
    task: Annotated[
        str | None,
        typer.Argument(
            help="A task of 'xbench list tasks', or a .toml file; made for the data where left out."
        ),
    ] = None,
    dataset: options.DatasetOption = None,
    reading: ReadOptions = AS_IT_IS,
    methods: options.Methods = None,
    method: Annotated[
        list[Path] | None,
        typer.Option(help="A .py file with your own explainer; alone, only it runs. Repeatable."),
    ] = None,
    target: options.Targets = None,
    subset_size: options.SubsetSizes = None,
    within: options.Within = None,
    known: options.Known = None,
    seeds: options.Seeds = None,
    budget_seconds: options.BudgetSeconds = None,
    budget_evaluations: Annotated[
        int | None, typer.Option(help="The same, in evaluations of the surrogate on a cell.")
    ] = None,
    surrogate: options.SurrogateOption = None,
    surrogate_seed: options.SurrogateSeed = 0,
    jobs: options.Jobs = None,
    cluster: options.Cluster = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    checkpoint: options.Checkpoint = None,
    model: options.Model = None,
    output: options.ModelOutput = None,
    metric: options.Metrics = None,
    judge: options.Judge = False,
    store: options.Store = Path("results"),
    skip_missing_data: options.SkipMissingData = False,
    again: options.Again = False,
    profile: options.Profile = False,
) -> None:
    """Run a task. Finished runs in the store are kept; the exit code is 1 if any run failed."""
    # Nothing has been computed in a process that has not even loaded torch.
    fresh = "torch" not in sys.modules
    from xbench.benchmark.request import Request
    from xbench.cli.run import as_model, as_names, as_sizes, as_window, run_and_show
    from xbench.data.load import DataChoice

    request = Request(
        task=task or "",
        data=DataChoice(dataset, reading),
        methods=None if methods is None else as_names(methods),
        method_files=[str(path) for path in method or []],
        targets=target or None,
        subset_sizes=None if subset_size is None else as_sizes(subset_size),
        repetitions=seeds,
        budget_seconds=budget_seconds,
        budget_evaluations=budget_evaluations,
        window=as_window(within),
        known=known or (),
        surrogate=surrogate,
        surrogate_seed=surrogate_seed,
        checkpoint=checkpoint,
        model=as_model(model, output),
        judge=judge,
        jobs=jobs,
        device=device,
        again=again,
        profile=profile,
        fresh_process=fresh,
    )
    run_and_show(
        request,
        store=store,
        skip_missing_data=skip_missing_data,
        metrics=metric or [],
        cluster=cluster,
    )


@app.command(epilog='Example: xbench explain --data mine.h5mu --target "14:Gad1" -L 10')
@options.reads_data
def explain(
    dataset: options.DatasetOption = None,
    reading: ReadOptions = AS_IT_IS,
    target: options.Targets = None,
    subset_size: options.SubsetSizes = None,
    methods: options.Methods = None,
    within: options.Within = None,
    known: options.Known = None,
    seeds: options.Seeds = None,
    surrogate: options.SurrogateOption = None,
    surrogate_seed: options.SurrogateSeed = 0,
    checkpoint: options.Checkpoint = None,
    judge: options.Judge = False,
    jobs: options.Jobs = None,
    store: options.Store = Path("results"),
    again: options.Again = False,
    out: Annotated[
        Path, typer.Option(help="The folder for selection.tsv, selection.bed and links.bedpe.")
    ] = Path("selections"),
    h5mu: Annotated[
        Path | None,
        typer.Option(help="Write a copy of the .h5mu file of --data with the selections in it."),
    ] = None,
) -> None:
    """Which peaks regulate a gene: train or take a surrogate, and name the peaks that matter."""
    fresh = "torch" not in sys.modules
    from xbench.benchmark.request import Request
    from xbench.cli.explain import explain_and_show
    from xbench.cli.run import as_names, as_sizes, as_window
    from xbench.data.load import DataChoice
    from xbench.errors import XbenchError

    if not target:
        raise XbenchError("say what to explain: --target CELL_TYPE:GENE, such as VIP:GAD1")
    request = Request(
        task="explain",
        data=DataChoice(dataset, reading),
        methods=None if methods is None else as_names(methods),
        targets=target,
        subset_sizes=None if subset_size is None else as_sizes(subset_size),
        repetitions=seeds,
        window=as_window(within),
        known=known or (),
        surrogate=surrogate,
        surrogate_seed=surrogate_seed,
        checkpoint=checkpoint,
        judge=judge,
        jobs=jobs,
        again=again,
        fresh_process=fresh,
    )
    explain_and_show(request, store=store, out=out, h5mu=h5mu)


@app.command(epilog="Example: xbench train snare-cortex --seed 1 --out surrogates/snare-1")
@options.reads_data
def train(
    dataset: Annotated[
        str | None, typer.Argument(help="A dataset of 'xbench list datasets'.")
    ] = None,
    reading: ReadOptions = AS_IT_IS,
    surrogate: Annotated[
        str | None, typer.Option(help="Architecture instead of the dataset's own.")
    ] = None,
    split: Annotated[
        str,
        typer.Option(help="strict: no test cell; reference; half-a, half-b: of training cells."),
    ] = "strict",
    seed: Annotated[int, typer.Option(help="Draw initial weights and batches from this seed.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder to keep it in; a cache folder where left out.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", "--force", help="Train even if it is there.")
    ] = False,
    unpaired: Annotated[
        bool,
        typer.Option("--unpaired", help="Do not use which cells of both modalities are the same."),
    ] = False,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    cluster: options.Cluster = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Another value of one of the architecture's settings, such as loss=poisson; may "
            "be given again for others.",
        ),
    ] = None,
) -> None:
    """Train a dataset's surrogate, or say where it is if it was trained before."""
    from xbench.cli.surrogates import train_and_show

    train_and_show(
        dataset,
        reading=reading,
        surrogate=surrogate,
        split=split,
        seed=seed,
        out=out,
        again=again,
        unpaired=unpaired,
        device=device,
        changes=changes or (),
        cluster=cluster,
    )


@app.command(epilog="Example: xbench score --metric deletion-area --store results")
@options.reads_data
@options.chooses_runs
def score(
    metric: Annotated[
        list[str] | None, typer.Option(help="A metric of 'xbench list metrics'. Repeatable.")
    ] = None,
    which: Any = None,
    reading: ReadOptions = AS_IT_IS,
    checkpoint: options.Checkpoint = None,
    model: options.Model = None,
    output: options.ModelOutput = None,
    store: options.Store = Path("results"),
    again: Annotated[
        bool, typer.Option("--again", help="Compute values that are there once more.")
    ] = False,
) -> None:
    """Compute a metric on stored selections; no method runs again."""
    from xbench.cli.run import as_model
    from xbench.cli.score import score_and_show
    from xbench.data.load import DataChoice

    score_and_show(
        metric or [],
        folder=store,
        choice=which,
        data=DataChoice(None, reading),
        checkpoint=checkpoint,
        model=as_model(model, output),
        again=again,
    )


@app.command(epilog="Example: xbench check my_method.py")
def check(
    plugin: Annotated[
        str,
        typer.Argument(
            help="A plug-in (.py or .toml file, folder or module), or a name of 'xbench list'."
        ),
    ],
) -> None:
    """Check that plug-ins keep their contract, clause by clause; exit code 1 if one does not."""
    from xbench.cli.plugins import check_and_show

    check_and_show(plugin)


@app.command(epilog="Example: xbench new method my-method")
def new(
    kind: Annotated[str, typer.Argument(help="method, dataset, surrogate, metric or task")],
    name: Annotated[str, typer.Argument(help="Lower-case words joined by hyphens.")],
    folder: Annotated[Path, typer.Option(help="Where to write the file.")] = Path(),
) -> None:
    """Write a file to begin a plug-in with; as it stands it runs and keeps the contract."""
    from xbench.cli.plugins import new_and_show

    new_and_show(kind, name, folder)


@app.command(epilog="Example: xbench reproduce table1 table3 --dataset snare-cortex")
@options.reads_data
def reproduce(
    results: Annotated[
        list[str] | None,
        typer.Argument(
            help="table1, table2, table3, figure2, figure3, mnist, hic, redundancy, transfer; all "
            "where left out."
        ),
    ] = None,
    dataset: options.DatasetOption = None,
    reading: ReadOptions = AS_IT_IS,
    surrogate: options.SurrogateOption = None,
    surrogate_seed: options.SurrogateSeed = 0,
    second_seed: Annotated[
        int | None,
        typer.Option(help="Seed of the second surrogate of 'transfer': the first one's, plus 1."),
    ] = None,
    checkpoint: options.Checkpoint = None,
    methods: options.Methods = None,
    target: options.Targets = None,
    subset_size: options.SubsetSizes = None,
    seeds: options.Seeds = None,
    budget_seconds: options.BudgetSeconds = None,
    hic: Annotated[
        list[str] | None,
        typer.Option(
            metavar="<[type=]path>",
            help="A .cool, .mcool or .bedpe file of your own, or TYPE=FILE of one cell type; one "
            "of several maps in it: FILE::/resolutions/10000. Repeatable.",
        ),
    ] = None,
    jobs: options.Jobs = None,
    cluster: options.Cluster = None,
    store: options.Store = Path("results"),
    skip_missing_data: options.SkipMissingData = False,
    again: options.Again = False,
    out: options.Pages = Path("leaderboard/published"),
) -> None:
    """Make the paper's tables and figures on your data: runs, analyses, and their pages."""
    from xbench.benchmark.request import Request
    from xbench.cli.reproduce import reproduce_and_show
    from xbench.cli.run import as_names, as_sizes
    from xbench.data.load import DataChoice

    reproduce_and_show(
        results or [],
        request=Request(
            task="",
            data=DataChoice(dataset, reading),
            methods=None if methods is None else as_names(methods),
            targets=target or None,
            subset_sizes=None if subset_size is None else as_sizes(subset_size),
            repetitions=seeds,
            budget_seconds=budget_seconds,
            surrogate=surrogate,
            surrogate_seed=surrogate_seed,
            checkpoint=checkpoint,
            jobs=jobs,
            again=again,
        ),
        hic=hic or [],
        second_seed=second_seed,
        store=store,
        out=out,
        skip_missing_data=skip_missing_data,
        cluster=cluster,
    )


app.command(epilog="Example: xbench leaderboard --store results --out pages")(leaderboard)
app.command(epilog="Example: xbench site --store results --out site, then open site/index.html")(
    site
)
app.command(epilog="Example: xbench bench --show")(bench)
app.command(epilog="Example: xbench verify ../shared/reference/grids_trace")(verify)
