"""The history of benchmarks: one JSON file, a line a benchmark, so that a diff can be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from xbench.errors import XbenchError
from xbench.testing.performance import Entry
from xbench.utils.files import cannot_write, write_text
from xbench.utils.journal import locked

FORMAT, VERSION = "xbench-bench", 1
_ENTRIES = TypeAdapter(list[Entry])


def read_history(path: Path) -> list[Entry]:
    """Return the entries of a history, oldest first; none where there is no file.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    XbenchError
        Where it cannot be read, is damaged, is something else, or was written by a newer xbench.

    Examples
    --------
    >>> read_history(Path("no-such-file.json"))
    []
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise XbenchError(f"{path}: cannot be read ({error.strerror}); name another") from error
    except ValueError as error:
        raise XbenchError(f"{path}: not JSON ({error}); repair it or name another") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise XbenchError(f"{path}: not a history of benchmarks; name another")
    version = content.get("version")
    if type(version) is not int or version > VERSION:
        readable = f"this xbench reads up to version {VERSION}; update xbench"
        raise XbenchError(f"{path}: the history has version {version}, {readable}")
    try:
        # From JSON: strict rules want an object of the class otherwise.
        return _ENTRIES.validate_json(json.dumps(content.get("entries")), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, ("entries", *first["loc"])))
        raise XbenchError(f"{path}: {where}: {first['msg']}; repair it or name another") from error


def add_entry(path: Path, entry: Entry) -> None:
    """Add an entry at the end of a history, whole or not at all; others may do so at once.

    Parameters
    ----------
    path
        The file; made where missing, with its folder.
    entry
        What was measured.

    Raises
    ------
    XbenchError
        Where the file is no history (see `read_history`) or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "new" / "bench.json"
    ...     add_entry(path, Entry("2026-01-31T12:00:00+00:00", None, "a machine"))
    ...     [entry.machine for entry in read_history(path)]
    ['a machine']
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_name(f".{path.name}.lock")):
            write_text(path, _text([*read_history(path), entry]))
    except OSError as error:
        raise cannot_write(path, error) from error


def _text(entries: Sequence[Entry]) -> str:
    """Lay the history out with a line for each benchmark."""
    head = {"format": FORMAT, "version": VERSION}
    parts = ",\n".join(map(_entry_text, entries))
    return json.dumps(head)[:-1] + f', "entries": [\n{parts}\n]}}\n'


def _entry_text(entry: Entry) -> str:
    fields: dict[str, Any] = asdict(entry)
    lines = ",\n".join(f"  {json.dumps(one)}" for one in fields.pop("benchmarks"))
    return json.dumps(fields)[:-1] + f', "benchmarks": [\n{lines}\n ]}}'
