"""``xbench bench``: a front of pytest and pytest-benchmark."""

from pathlib import Path

import typer

from xbench.errors import XbenchError
from xbench.testing.performance import compared_seconds, run_benchmarks, saved_runs, table_lines

# Columns of ratios that a screen has room for.
_SHOWN = 5


def bench_and_show(
    storage: Path, *, slow: bool, select: str | None, show: bool, compare: bool
) -> None:
    """Run the benchmarks and save what they measured, or show or compare what was saved."""
    shown = show or compare
    if not shown:
        _run(storage, slow, select)
    elif slow or select is not None:
        raise XbenchError("--show and --compare run nothing: leave out --slow and --select")
    runs = list(saved_runs(storage).values())
    if not runs:
        raise XbenchError(f"{storage}: no saved run; run 'xbench bench' first")
    if show or not shown:
        for line in table_lines(runs[-_SHOWN:]):
            typer.echo(line)
    if compare:
        typer.echo(compared_seconds(storage))


def _run(storage: Path, slow: bool, select: str | None) -> None:
    """Run the benchmarks, save them, and exit with 1 where a ratio was below its gate."""
    typer.echo("measuring; this takes some minutes", err=True)
    outcome = run_benchmarks(storage, slow, select)
    typer.echo(f"saved as {outcome.saved}", err=True)
    if not outcome.passed:
        for line in table_lines([outcome.run]):
            typer.echo(line)
        failed = [line for line in outcome.output.splitlines() if line.startswith("FAILED")]
        typer.echo("\n".join(failed), err=True)
        raise typer.Exit(1)
