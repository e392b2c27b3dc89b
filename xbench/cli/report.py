"""``xbench report``: the commands and their options; what they do lives beside.

``xbench report surrogate``: take or train a surrogate, measure it, write its page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from xbench.cli.options import Checkpoint, reads_data
from xbench.cli.printing import say
from xbench.cli.progress_bars import TrainingBar
from xbench.data.load import DataChoice
from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.errors import XbenchError
from xbench.surrogates.evaluation.cell_map import check_projection
from xbench.surrogates.evaluation.measure import measure
from xbench.surrogates.evaluation.report_page import check_out, write_report
from xbench.surrogates.evaluation.report_subject import require_expression, subject_of
from xbench.surrogates.evaluation.wording import headline
from xbench.surrogates.obtain import obtain

report_app = typer.Typer(
    name="report",
    help="Put what is known of a trained surrogate on one page.",
    rich_markup_mode=None,
)


@report_app.callback(invoke_without_command=True)
def _help(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


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
        str | None, typer.Option(help="strict (where left out) or reference, as in training.")
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


def report_surrogate(
    dataset: str | None,
    *,
    reading: ReadOptions,
    surrogate: str | None,
    checkpoint: Path | None,
    split: str | None,
    seed: int | None,
    space: str,
    projection: str,
    out: Path,
) -> None:
    """Take a trained surrogate, or train it, and write its report."""
    if split not in (None, "strict", "reference"):
        raise XbenchError(f"--split {split!r}: must be one of: strict, reference")
    check_out(out)
    check_projection(projection, space)
    asked = {"--surrogate": surrogate, "--split": split, "--seed": seed}
    given = [option for option, value in asked.items() if value is not None]
    if checkpoint is not None and given:
        raise XbenchError(f"{given[0]}: --checkpoint says which surrogate it is; leave out one")
    console = Console(stderr=True)
    data = DataChoice(dataset, reading).load()
    require_expression(data)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        opened, path = obtain(
            data,
            surrogate,
            checkpoint=checkpoint,
            split=split or "strict",
            seed=seed or 0,
            progress=TrainingBar(progress),
        )
    subject = subject_of(data, opened, path)
    report = measure(data, opened.model, subject, space=space, projection=projection)
    if report.map.note:
        say(f"the map is PCA: {report.map.note}", err=True)
    say(headline(report))
    for path in write_report(report, out):
        say(str(path))
