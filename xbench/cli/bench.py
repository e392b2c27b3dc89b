"""``xbench bench``."""

from __future__ import annotations

import importlib
from pathlib import Path

import typer

from xbench.errors import XbenchError
from xbench.testing.performance import add_entry, read_history
from xbench.testing.performance_suite import run_benchmarks, table_lines

# Columns of ratios that a screen has room for.
_SHOWN = 5


def bench_and_show(
    history: Path, *, slow: bool, select: str | None, show: bool, plot: Path | None
) -> None:
    """Run the benchmarks and keep what they measured, or show or draw what was kept."""
    if not show and plot is None:
        _run(history, slow, select)
        show = True
    elif slow or select is not None:
        raise XbenchError("--show and --plot run nothing: leave out --slow and --select")
    entries = read_history(history)
    if not entries:
        raise XbenchError(f"{history}: no such history; run 'xbench bench' first")
    if show:
        for line in table_lines(entries[-_SHOWN:]):
            typer.echo(line)
    if plot is not None:
        # Through its name, as every leaf: this room does not know that one.
        room = importlib.import_module("xbench.testing.performance_plot")
        for path in room.plot_history(entries, plot):
            typer.echo(str(path))


def _run(history: Path, slow: bool, select: str | None) -> None:
    """Run the benchmarks, keep them, and exit with 1 where a ratio was below its gate."""
    # A history that cannot be used is better known before minutes of measuring than after.
    read_history(history)
    typer.echo("measuring; this takes some minutes", err=True)
    outcome = run_benchmarks(slow, select)
    add_entry(history, outcome.entry)
    typer.echo(f"kept in {history}", err=True)
    if not outcome.passed:
        for line in table_lines([outcome.entry]):
            typer.echo(line)
        failed = [line for line in outcome.output.splitlines() if line.startswith("FAILED")]
        typer.echo("\n".join(failed), err=True)
        raise typer.Exit(1)
