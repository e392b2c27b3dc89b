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
