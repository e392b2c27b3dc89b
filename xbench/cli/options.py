"""Options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Option(help="Your own .h5mu, 10x .h5, or folder of .h5ad, MTX or reference files."),
]
Labels = Annotated[
    Path | None, typer.Option(help="A CSV or TSV file with barcodes and cell types.")
]
Binarize = Annotated[bool, typer.Option("--binarize", help="Take ATAC counts above 0 as open.")]
CellTypeKey = Annotated[str, typer.Option(help="The column with the cell type.")]
VariableGenes = Annotated[
    int | None, typer.Option(help="Keep the most variable genes, and the paper's markers.")
]
OpenShare = Annotated[
    float | None,
    typer.Option("--minimum-open-share", help="Keep peaks open in this share of the cells."),
]
Store = Annotated[Path, typer.Option(help="Folder of the results.")]
DatasetOption = Annotated[str | None, typer.Option(help="A dataset instead of the task's.")]
Methods = Annotated[
    str | None, typer.Option(help="Instead of the task's: names or labels, by comma.")
]
Targets = Annotated[
    list[str] | None,
    typer.Option("--target", help="CELL_TYPE:OUTPUT instead of the task's targets. Repeatable."),
]
SubsetSizes = Annotated[
    str | None, typer.Option("-L", "--subset-size", help="Instead of the task's, by comma.")
]
Seeds = Annotated[
    int | None, typer.Option(help="Repetitions instead of the task's, each with a seed.")
]
BudgetSeconds = Annotated[
    float | None, typer.Option(help="A method is then asked for its best so far.")
]
SurrogateOption = Annotated[
    str | None, typer.Option(help="Architecture instead of the task's, such as oracle.")
]
SurrogateSeed = Annotated[int, typer.Option(help="Seed that the surrogate is trained from.")]
Checkpoint = Annotated[
    Path | None,
    typer.Option(help="A trained surrogate's folder, or a .pt file of the reference."),
]
Jobs = Annotated[int | None, typer.Option(help="Processes; one a core where left out.")]
SkipMissingData = Annotated[
    bool,
    typer.Option("--skip-missing-data", help="Say so and end well where the data are absent."),
]
