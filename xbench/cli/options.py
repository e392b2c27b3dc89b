"""Options that several commands share, declared once."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchError

Store = Annotated[Path, typer.Option(help="Folder of the results; made where it is absent.")]
Pages = Annotated[Path, typer.Option(help="Folder that the tables and pages are written into.")]
DatasetOption = Annotated[
    str | None, typer.Option(help="Take this dataset; the task's where left out.")
]
Methods = Annotated[
    list[str] | None,
    typer.Option(
        help="Run these methods, names or labels by comma or repeated; the task's where left out."
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target", help="Explain CELL_TYPE:OUTPUT; the task's targets where left out. Repeatable."
    ),
]
SubsetSizes = Annotated[
    list[str] | None,
    typer.Option(
        "-L",
        "--subset-size",
        help="Mask so many features, by comma or repeated; the task's where left out.",
    ),
]
Seeds = Annotated[
    int | None,
    typer.Option(help="Repeat so often, each with a seed; as the task says where left out."),
]
BudgetSeconds = Annotated[
    float | None,
    typer.Option(help="Ask a method for its best so far after so long; the task's where left out."),
]
SurrogateOption = Annotated[
    str | None,
    typer.Option(help="Take this architecture, such as oracle; the task's where left out."),
]
SurrogateSeed = Annotated[int, typer.Option(help="Train the surrogate from this seed.")]
Checkpoint = Annotated[
    Path | None,
    typer.Option(
        help="Take a trained surrogate's folder or a .pt file; one is trained where left out."
    ),
]
Within = Annotated[
    str | None,
    typer.Option(help="Choose only features this near to the gene's start: 1Mb, 500kb, 250000."),
]
Known = Annotated[
    list[str] | None,
    typer.Option(
        metavar="<path>",
        help="Known links to compare with: measured enhancer-gene pairs, a .bedpe of loops, eQTLs, "
        "a BED file per gene; or 'truth', that of simulated data. Repeatable.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        help="A model of your own: FILE.py:NAME, MODULE:NAME, a .pt2 file of torch.export, or "
        "'command: PROGRAM' that answers over a pipe."
    ),
]
ModelOutput = Annotated[
    str | None,
    typer.Option(
        "--output", help="Which of the outputs that it gives: a position, key or attribute."
    ),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric", help="What selections are scored by where no task is named. Repeatable."
    ),
]
Judge = Annotated[
    bool,
    typer.Option(
        "--judge",
        help="Train on one half of the training cells, and let a second surrogate, trained on the "
        "other half, judge every selection.",
    ),
]
Jobs = Annotated[
    int | None, typer.Option(help="Work in so many processes; one a core where left out.")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="<local|slurm|address|yml>",
        help="Work on Dask: workers of this machine, Slurm jobs, a scheduler's address, or a .yml "
        "file of your lab; --jobs is then the number of jobs. See docs/guides/cluster.md.",
    ),
]
Again = Annotated[
    bool,
    typer.Option("--again", "--force", help="Run what is finished in the store again too."),
]
Profile = Annotated[
    bool,
    typer.Option("--profile", help="Say where the seconds of these runs go, and keep it."),
]
SkipMissingData = Annotated[
    bool,
    typer.Option("--skip-missing-data", help="Say so and end well where the data are absent."),
]

# Options that stand in the place of one parameter of a command: annotation and default of each.
_Options = dict[str, tuple[Any, Any]]

# A command that reads data takes `reading: ReadOptions`; a user sees these options in its place.
_READING: _Options = {
    "data": (
        Annotated[
            Path | None,
            typer.Option(
                help="Read your own .h5mu, zarr, 10x .h5, or folder of .h5ad, MTX, reference files."
            ),
        ],
        None,
    ),
    "labels": (
        Annotated[
            Path | None,
            typer.Option(
                help="Take cell types from a table with barcodes; from the data where left out."
            ),
        ],
        None,
    ),
    "cell_type_key": (
        Annotated[str, typer.Option(help="Take cell types from this column.")],
        "cell_type",
    ),
    "binarize": (
        Annotated[bool, typer.Option("--binarize", help="Take ATAC counts above 0 as open.")],
        False,
    ),
    "variable_genes": (
        Annotated[
            int | None,
            typer.Option(
                help="Keep so many variable genes, and the markers; the dataset's where left out."
            ),
        ],
        None,
    ),
    "minimum_open_share": (
        Annotated[
            float | None,
            typer.Option(
                help="Keep peaks open in this share of the cells; the dataset's where left out."
            ),
        ],
        None,
    ),
    "donor_key": (
        Annotated[
            str | None,
            typer.Option(
                help="The column with the donor: whole donors are then held out for the test."
            ),
        ],
        None,
    ),
    "genome": (
        Annotated[
            str | None,
            typer.Option(
                metavar="<name|sizes>",
                help="The build of the coordinates, such as mm10, or its chrom.sizes file; what "
                "the data name where left out.",
            ),
        ],
        None,
    ),
    "gtf": (
        Annotated[
            Path | None,
            typer.Option(
                help="A gene annotation (GTF, gzipped or not) that says where genes lie and on "
                "which strand; what the data say where left out."
            ),
        ],
        None,
    ),
}


def reads_data(command: Callable[..., None], *, place: bool = True) -> Callable[..., None]:
    """Give a command the options that say how data are read, in the place of `reading`.

    Parameters
    ----------
    command
        Its parameter `reading` is filled with the `ReadOptions` that the user asked for.
    place
        Whether ``--data`` is among the options; a command that takes a file as argument has none.

    Examples
    --------
    >>> @reads_data
    ... def count(dataset: str, *, reading: ReadOptions) -> None:
    ...     print(dataset, reading.binarize)
    >>> count(dataset="mine", binarize=True)
    mine True
    >>> [name for name in inspect.signature(count).parameters][:3]
    ['dataset', 'data', 'labels']
    """
    options = {name: option for name, option in _READING.items() if place or name != "data"}

    def read_options(chosen: dict[str, Any]) -> ReadOptions:
        return ReadOptions(path=chosen.pop("data", None), **chosen)

    return _in_place_of("reading", options, read_options, command)


_CHOOSING: _Options = {
    "ids": (
        Annotated[
            list[str] | None,
            typer.Argument(help="Run ids, or what one begins with; all where left out."),
        ],
        None,
    ),
    "status": (
        Annotated[
            str | None,
            typer.Option(help="Only runs that ended so: ok, failed, timeout, oom, skipped."),
        ],
        None,
    ),
    "task": (Annotated[str | None, typer.Option(help="Only runs of this task.")], None),
    "dataset": (Annotated[str | None, typer.Option(help="Only runs on this dataset.")], None),
    "surrogate": (Annotated[str | None, typer.Option(help="Only runs on this surrogate.")], None),
    "method": (Annotated[str | None, typer.Option(help="Only runs of this method.")], None),
    "L": (Annotated[int | None, typer.Option("-L", help="Only runs that select so many.")], None),
    "target": (
        Annotated[str | None, typer.Option(help="Only runs on this output, or CELL_TYPE:OUTPUT.")],
        None,
    ),
}


def chooses_runs(command: Callable[..., None], *, ended: bool = True) -> Callable[..., None]:
    """Give a command the options that say which runs of a store are meant, in place of `which`.

    Parameters
    ----------
    command
        Its parameter `which` is filled with the `xbench.results.manage.Choice` that is meant.
    ended
        Whether ``--status`` is among the options.
    """
    options = {name: option for name, option in _CHOOSING.items() if ended or name != "status"}

    def choice(chosen: dict[str, Any]) -> Any:
        from xbench.results.manage import Choice

        return Choice(**{**chosen, "ids": tuple(chosen["ids"] or ())})

    return _in_place_of("which", options, choice, command)


class StrictCommand(TyperCommand):
    """A command that takes every option once, but for flags and those that may be repeated."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments.

        Raises
        ------
        XbenchError
            Where an option that takes one value is given more than once.
        """
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for parameter in order:
            times = sum(one is parameter for one in order)
            once = parameter.param_type_name == "option" and not parameter.multiple
            if times > 1 and once and not getattr(parameter, "is_flag", False):
                name = max(parameter.opts, key=len)
                raise XbenchError(
                    f"{name} is given {times} times but counts once: leave out the others; see "
                    f"'{ctx.command_path} --help'"
                )
        return super().parse_args(ctx, args)


class StrictTyper(typer.Typer):
    """An application, or a group, of such commands."""

    def command(self, *name: Any, **options: Any) -> Any:
        """Return a decorator for a command; the arguments are `typer.Typer.command`'s."""
        return super().command(*name, cls=StrictCommand, **options)


def _in_place_of(
    name: str,
    options: _Options,
    made: Callable[[dict[str, Any]], Any],
    command: Callable[..., None],
) -> Callable[..., None]:
    """Give a command options in the place of one of its parameters, which is made of them."""

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        chosen = {one: given.pop(one, default) for one, (_, default) in options.items()}
        command(**given, **{name: made(chosen)})

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = []
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        if parameter.name == name:
            parameters += [
                inspect.Parameter(one, keyword, default=default, annotation=annotation)
                for one, (annotation, default) in options.items()
            ]
        else:
            parameters.append(parameter.replace(kind=keyword))
    # What typer reads in the place of the command's own signature.
    with_options.__dict__["__signature__"] = inspect.Signature(parameters)
    with_options.__annotations__ = {one.name: one.annotation for one in parameters}
    del with_options.__dict__["__wrapped__"]
    return with_options
