"""``xbench list``."""

from __future__ import annotations

import json
import shutil
import textwrap

import typer

from xbench.errors import unknown_name
from xbench.registry.find import KINDS, entries
from xbench.registry.scan import Entry


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
        typer.echo(json.dumps(content, indent=1))
        return
    for number, (one, found) in enumerate(listed.items()):
        if number:
            typer.echo()
        typer.echo(f"{one}s")
        for line in _lines(found):
            typer.echo(line)


def _fields(entry: Entry) -> dict[str, str]:
    return {
        "name": entry.name,
        "summary": entry.summary,
        "location": entry.location,
        "source": entry.source,
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
