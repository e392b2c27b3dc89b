"""``xbench list``, ``xbench check`` and ``xbench new``: what can be plugged in."""

import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from xbench.cli.printing import say
from xbench.errors import unknown_name
from xbench.registry.find import KINDS, entries, find
from xbench.registry.plugins import entries_of_file, plugin_entries, using
from xbench.registry.scan import Entry
from xbench.utils.json import json_page
from xbench.utils.text import shown

if TYPE_CHECKING:
    from xbench.testing.clauses import ClauseVerdict


def show(kind: str | None, as_json: bool) -> None:
    """Print the entries of one kind or of all.

    Raises
    ------
    XbenchError
        For an unknown kind.
    """
    plurals = {f"{one}s": one for one in KINDS}
    if kind is not None and kind not in plurals:
        raise unknown_name("kind", kind, plurals)
    chosen = [plurals[kind]] if kind is not None else list(KINDS)
    listed = {one: entries(one) for one in chosen}
    if as_json:
        content = {f"{one}s": [_fields(entry) for entry in found] for one, found in listed.items()}
        typer.echo(json_page(content), nl=False)
        return
    for number, (one, found) in enumerate(listed.items()):
        if number:
            typer.echo()
        say(f"{one}s")
        for line in _lines(found):
            say(line)


def _fields(entry: Entry) -> dict[str, str | int]:
    return {
        "name": entry.name,
        "summary": entry.summary,
        "location": entry.location,
        "source": entry.source,
        "version": entry.version,
    }


def _lines(found: list[Entry]) -> list[str]:
    width = max((len(entry.name) for entry in found), default=0)
    room = max(40, shutil.get_terminal_size((100, 24)).columns)
    lines = []
    for entry in found:
        indent = " " * (width + 4)
        origin = "" if entry.source == "built-in" else f" [{entry.source}]"
        text = f"  {entry.name:<{width}}  {entry.summary}{origin}"
        lines += textwrap.wrap(text, room, subsequent_indent=indent, drop_whitespace=False)
    return lines


_MARKS = {
    "kept": "[green]kept[/]      ",
    "broken": "[red]BROKEN[/]    ",
    "not tested": "not tested",
}


def check_and_show(plugin: str) -> None:
    """Print a verdict for each clause; exit code 1 where one is broken."""
    # Imported here, so that `xbench list` waits neither for rich nor for torch.
    from rich.console import Console
    from rich.markup import escape

    from xbench.testing.conformance import check_plugin

    console = Console(highlight=False, soft_wrap=True)
    broken = 0
    found = _entries(plugin)
    # Parts of one plug-in may need each other: a task its methods and metrics.
    with using([entry for entry in found if entry.source != "built-in"]):
        for entry in found:
            verdicts = check_plugin(entry)
            what = f"{entry.kind} {shown(entry.name)} ({shown(entry.location)})"
            console.print(escape(what.removeprefix("method ")))
            for verdict in verdicts:
                console.print(f"  {_MARKS[verdict.outcome]}  {escape(shown(_sentence(verdict)))}")
            broken += sum(verdict.outcome == "broken" for verdict in verdicts)
    console.print(f"{broken} clauses broken" if broken else "it keeps the contract")
    if broken:
        raise typer.Exit(1)


def new_and_show(kind: str, name: str, folder: Path) -> None:
    """Write a file to begin with, and say what to do with it."""
    from xbench.testing.templates import write_plugin

    path = write_plugin(kind, name, folder)
    say(f"wrote {path}")
    say(f"  xbench check {path}")
    example = {
        "method": f"xbench run quick --plugin {path}",
        "dataset": f"xbench run --dataset {name} --plugin {path}",
        "surrogate": f"xbench run quick --surrogate {name} --plugin {path}",
        "metric": f"xbench score --metric {name} --plugin {path}",
        "task": f"xbench run {path}",
    }[kind]
    say(f"  {example}")


def _entries(plugin: str) -> list[Entry]:
    """Return what is to be checked: a plug-in's own, or whatever has that name."""
    if plugin.endswith(".py") and (found := entries_of_file(Path(plugin).absolute(), "", "method")):
        return found
    if plugin.endswith((".py", ".toml")) or Path(plugin).is_dir():
        return plugin_entries(plugin)
    named = [entry for kind in KINDS for entry in entries(kind) if entry.name == plugin]
    if named:
        return named
    if "." in plugin:
        return plugin_entries(plugin)
    return [find("method", plugin)]


def _sentence(verdict: "ClauseVerdict") -> str:
    return f"{verdict.clause} {verdict.detail}".rstrip()
