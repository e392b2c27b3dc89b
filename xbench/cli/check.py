"""``xbench check`` and ``xbench new``."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape

from xbench.errors import XbenchError
from xbench.registry.find import find, load, methods_from_file
from xbench.registry.scan import Entry
from xbench.testing.clauses import ClauseVerdict
from xbench.testing.conformance import check_explainer
from xbench.testing.template import write_method

_MARKS = {
    "kept": "[green]kept[/]      ",
    "broken": "[red]BROKEN[/]    ",
    "not tested": "not tested",
}


def check_and_show(method: str) -> None:
    """Print a verdict for each clause; exit code 1 where one is broken."""
    console = Console(highlight=False, soft_wrap=True)
    broken = 0
    for entry in _entries(method):
        verdicts = check_explainer(load(entry))
        console.print(f"{escape(entry.name)} ({escape(entry.location)})")
        for verdict in verdicts:
            console.print(f"  {_MARKS[verdict.outcome]}  {escape(_sentence(verdict))}")
        broken += sum(verdict.outcome == "broken" for verdict in verdicts)
    console.print(f"{broken} clauses broken" if broken else "it keeps the contract")
    if broken:
        raise typer.Exit(1)


def new_and_show(kind: str, name: str, folder: Path) -> None:
    """Write a file to begin with, and say what to do with it."""
    if kind != "method":
        raise XbenchError(f"new {kind!r}: must be one of: method")
    path = write_method(name, folder)
    typer.echo(f"wrote {path}")
    typer.echo(f"  xbench check {path}")
    typer.echo(f"  xbench run quick --method {path}")


def _entries(method: str) -> list[Entry]:
    if method.endswith(".py"):
        return methods_from_file(method)
    return [find("method", method)]


def _sentence(verdict: ClauseVerdict) -> str:
    return f"{verdict.clause} {verdict.detail}".rstrip()
