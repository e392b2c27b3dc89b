"""``xbench report``: the commands and their options; what they do lives beside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xbench.cli.options import (
    Binarize,
    CellTypeKey,
    Checkpoint,
    Data,
    Labels,
    OpenShare,
    VariableGenes,
)
from xbench.data.options import Reading

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
def surrogate(
    dataset: Annotated[
        str | None, typer.Argument(help="A dataset of 'xbench list datasets'.")
    ] = None,
    data: Data = None,
    labels: Labels = None,
    cell_type_key: CellTypeKey = "cell_type",
    binarize: Binarize = False,
    variable_genes: VariableGenes = None,
    minimum_open_share: OpenShare = None,
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
    from xbench.cli.surrogate_reported import report_surrogate

    report_surrogate(
        dataset,
        reading=Reading(data, labels, cell_type_key, binarize, variable_genes, minimum_open_share),
        surrogate=surrogate,
        checkpoint=checkpoint,
        split=split,
        seed=seed,
        space=space,
        projection=projection,
        out=out,
    )
