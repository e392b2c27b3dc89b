"""A baseline's file: JSON that a person can review, one run a line."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from xbench.errors import XbenchError, unknown_name
from xbench.regression.snapshot import Snapshot
from xbench.utils.files import write_text

FORMAT = "xbench-baseline"
VERSION = 1
FOLDER = Path("baselines")

_SNAPSHOT = TypeAdapter(Snapshot)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def baseline_path(name: str, folder: Path = FOLDER) -> Path:
    """Return the file of a baseline.

    Parameters
    ----------
    name
        Its name, or the path of a ``.json`` file.
    folder
        Where baselines are.

    Raises
    ------
    XbenchError
        For a name that could be no file's.

    Examples
    --------
    >>> baseline_path("ci").as_posix(), baseline_path("kept/old.json").as_posix()
    ('baselines/ci.json', 'kept/old.json')
    """
    if name.endswith(".json"):
        return Path(name)
    if not _NAME.fullmatch(name):
        raise XbenchError(
            f"baseline {name!r}: a name has letters, digits, '.', '_' and '-'; choose another"
        )
    return folder / f"{name}.json"


def names_in(folder: Path) -> list[str]:
    """Return the names of the baselines in a folder, sorted; none where there is no folder.

    Examples
    --------
    >>> names_in(Path("no/such/folder"))
    []
    """
    return sorted(path.stem for path in folder.glob("*.json"))


def to_text(taken: Snapshot) -> str:
    """Return the text of a file: keys sorted, one run a line.

    Examples
    --------
    >>> from xbench.regression.snapshot import Header
    >>> header = Header(task="t", task_version=1, dataset="d", dataset_digest="0",
    ...                 surrogate="s", surrogate_digest="1")
    >>> sorted(json.loads(to_text(Snapshot(header=header, runs=[]))))
    ['format', 'header', 'runs', 'speeds', 'version']
    """
    header = {name: json.dumps(value) for name, value in asdict(taken.header).items()}
    return "\n".join(
        (
            "{",
            f'"format": {json.dumps(FORMAT)},',
            _block("header", "{}", [f'"{name}": {header[name]}' for name in sorted(header)]),
            _block("runs", "[]", [run.to_json() for run in taken.runs]),
            _block("speeds", "[]", [speed.to_json() for speed in taken.speeds]),
            f'"version": {VERSION}',
            "}\n",
        )
    )


def write_baseline(path: Path, taken: Snapshot) -> None:
    """Write a baseline whole or not at all.

    Raises
    ------
    XbenchError
        Where it cannot be written; what was there stays as it was.
    """
    write_text(path, to_text(taken))


def read_baseline(path: Path) -> Snapshot:
    """Read a baseline.

    Raises
    ------
    XbenchError
        In one line: no such file (with the names there are), something else, damaged, or of a
        newer version.
    """
    content = _content(path)
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise XbenchError(f"{path}: is no baseline; save one with 'xbench baseline save NAME'")
    version = content.pop("version", None)
    if type(version) is not int or version < 1:
        raise XbenchError(f"{path}: version {version!r} must be a whole number; save it again")
    if version > VERSION:
        readable = f"this xbench reads up to version {VERSION}; update xbench"
        raise XbenchError(f"{path}: the baseline has version {version}, {readable}")
    try:
        return _SNAPSHOT.validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = " ".join(f"{where}: {first['msg']}".split())
        raise XbenchError(f"{path}: damaged ({what}); restore it or save it again") from error


def _content(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        found = names_in(path.parent)
        if not found:
            raise XbenchError(
                f"{path}: no such baseline; save one with 'xbench baseline save {path.stem}'"
            ) from error
        raise unknown_name("baseline", path.stem, found, str(path.parent)) from error
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise XbenchError(f"{path}: {what}; name a baseline of 'xbench baseline list'") from error
    except ValueError as error:
        raise XbenchError(f"{path}: truncated or not JSON; restore it or save it again") from error


def _block(name: str, brackets: str, lines: list[str]) -> str:
    """Return a list or an object with a line for each entry."""
    return "\n".join([f'"{name}": {brackets[0]}', ",\n".join(lines), f"{brackets[1]},"])
