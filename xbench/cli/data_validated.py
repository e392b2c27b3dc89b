"""``xbench data validate``."""

from __future__ import annotations

import typer

from xbench.data.options import Reading
from xbench.errors import XbenchError, unknown_name


def validate_and_show(reading: Reading, genome: str | None) -> None:
    """Print what a user's file is and what is wrong with it; exit with 1 if it will not do.

    Raises
    ------
    XbenchError
        Nothing is at a path, or it cannot be opened at all.
    """
    for path in (reading.path, reading.labels):
        if path is not None and not path.exists():
            raise XbenchError(f"{path}: no such file or folder; give the path of your data")
    assert reading.path is not None, "the command line asks for it"
    from xbench.data.genome import GENOMES, chromosome_lengths
    from xbench.data.multiome.validate import validate

    if genome is not None and chromosome_lengths(genome) is None:
        raise unknown_name("genome", genome, GENOMES)
    report = validate(reading.path, reading, genome)
    if report.problems and len(report.lines) == 1:
        # Nothing is known but the layout, which the name tells: it could not be opened.
        raise XbenchError(report.problems[0])
    for line in report.lines:
        typer.echo(line)
    for problem in report.problems:
        typer.echo(f"problem: {problem}")
    typer.echo("it will do" if report.will_do else "it will not do as it is")
    if not report.will_do:
        raise typer.Exit(1)
