"""``xbench report surrogate``: take or train a surrogate, measure it, write its page."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from xbench.cli.progress import TrainingBar
from xbench.data.load import DataChoice
from xbench.data.options import Reading
from xbench.errors import XbenchError
from xbench.surrogates.evaluation.cell_map import check_projection
from xbench.surrogates.evaluation.measure import measure
from xbench.surrogates.evaluation.subject import trained_or_opened
from xbench.surrogates.evaluation.wording import headline
from xbench.surrogates.evaluation.write import check_out, write_report


def report_surrogate(
    dataset: str | None,
    *,
    reading: Reading,
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
    console = Console(stderr=True)
    data = DataChoice(dataset, reading).load()
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        opened, subject = trained_or_opened(
            data,
            surrogate,
            checkpoint,
            split=split,
            seed=seed,
            progress=TrainingBar(progress),
        )
    report = measure(data, opened.model, subject, space=space, projection=projection)
    if report.map.note:
        typer.echo(f"the map is PCA: {report.map.note}", err=True)
    typer.echo(headline(report))
    for path in write_report(report, out):
        typer.echo(str(path))
