"""``xbench train``."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from xbench.cli.progress import TrainingBar
from xbench.errors import XbenchError
from xbench.setting import DataChoice
from xbench.surrogates.checkpoint import read_description
from xbench.training.train import train_surrogate


def train_and_show(
    dataset: str | None,
    *,
    data: Path | None,
    binarize: bool,
    cell_type_key: str,
    surrogate: str | None,
    split: str,
    seed: int,
    out: Path | None,
    again: bool,
) -> None:
    """Train with a progress bar, then say where the surrogate is and how well it fits."""
    if split not in ("strict", "reference"):
        raise XbenchError(f"--split {split!r}: must be one of: strict, reference")
    console = Console(stderr=True)
    loaded = DataChoice(dataset, data, binarize, cell_type_key).load()
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        folder = train_surrogate(
            loaded,
            surrogate,
            split=split,
            seed=seed,
            folder=out,
            progress=TrainingBar(progress),
            again=again,
        )
    description = read_description(folder)
    typer.echo(f"{description.surrogate} of {description.dataset} in {folder}")
    for stage in description.training.get("stages", {}).values():
        typer.echo(
            f"  {stage['name']}: best at step {stage['best_step']}, "
            f"validation loss {stage['best_validation']:.4g}"
        )
    for name, value in description.fit.items():
        typer.echo(f"  {name}: {value:.4g}")
