"""Files that are too large for memory are read once a machine, and then found by what they are.

Which prepared data a file's reading gave is kept by the file's place, size and times, and by what
was asked of it; whoever reads it again, or beside, opens those. What was told while it was read is
told again.
"""

import json
import logging
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from xbench.data.dataset import Dataset
from xbench.data.prepared import draft, open_prepared, prepared_root, publish
from xbench.data.read_options import ReadOptions
from xbench.data.row_blocks import FolderRoom
from xbench.errors import XbenchError, XbenchWarning
from xbench.utils.files import cannot_write, write_text
from xbench.utils.json import json_digest, json_line
from xbench.utils.locks import locked

_LOG = logging.getLogger(__name__)
# Bytes of a file or folder from which on it is read once; XBENCH_LARGE says another number.
LARGE = 400_000_000
# Raised by hand with any change that makes other data of the same file.
READING_VERSION = 1


def is_large(path: Path) -> bool:
    """Whether a file or folder is read once a machine, and its matrices are never in memory."""
    said = os.environ.get("XBENCH_LARGE", "")
    if said and not said.isdecimal():
        raise XbenchError(f"XBENCH_LARGE={said}: give a number of bytes")
    try:
        return sum(one[1] for one in _files(path)) >= (int(said) if said else LARGE)
    except OSError:
        # The reader says what is wrong.
        return False


def _files(path: Path) -> list[list[Any]]:
    """Return name, size, times and number of each file of a path, in order."""
    paths = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    found = []
    for one in paths:
        about = one.stat()
        times = [about.st_mtime_ns, about.st_ctime_ns, about.st_ino]
        found.append([str(one.relative_to(path)), about.st_size, *times])
    return found


def reading_key(path: Path, reading: ReadOptions, more: Mapping[str, Any]) -> str:
    """Return a name of what a file is and of what is asked of it, without reading the file.

    Parameters
    ----------
    path
        The file or folder.
    reading
        See `ReadOptions`; its own path is not looked at.
    more
        Whatever else the result depends on, in JSON's types.
    """
    asked: dict[str, Any] = {}
    for field in fields(reading):
        value = getattr(reading, field.name)
        if field.name == "path":
            continue
        beside = Path(value) if isinstance(value, str | Path) else None
        # A genome may be a name or a file.
        is_file = beside is not None and field.name in ("labels", "gtf", "genome")
        if is_file and beside is not None and beside.is_file():
            asked[field.name] = [str(beside.resolve()), _files(beside)]
        else:
            asked[field.name] = str(value) if isinstance(value, Path) else value
    place = str(path.resolve())
    return json_digest([READING_VERSION, place, _files(path), asked, dict(more)], 32)


def read_once(key: str, read: Callable[[FolderRoom], Dataset]) -> Dataset:
    """Return the prepared data of a key, made by the first process that asks for them.

    Parameters
    ----------
    key
        Of `reading_key`.
    read
        Reads the data into a room.

    Raises
    ------
    XbenchError
        For what cannot be read, and where the cache cannot be written.
    """
    found = _known(key)
    if found is None:
        try:
            folder = prepared_root() / "sources"
            folder.mkdir(parents=True, exist_ok=True)
            with locked(folder / f"{key}.lock", _tell_waiting):
                # Another process may have made them meanwhile.
                found = _known(key) or _made(key, read)
        except OSError as error:
            raise cannot_write(prepared_root() / "sources", error) from error
    dataset, notes = found
    for note in notes:
        warnings.warn(note, XbenchWarning, stacklevel=3)
    return dataset


def _tell_waiting() -> None:
    _LOG.info("another process prepares these data; waiting for it")


def _pointer(key: str) -> Path:
    return prepared_root() / "sources" / f"{key}.json"


def _known(key: str) -> tuple[Dataset, list[str]] | None:
    try:
        said = json.loads(_pointer(key).read_text(encoding="utf-8"))
        digest, notes = str(said["digest"]), [str(note) for note in said["notes"]]
        dataset = open_prepared(digest)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, XbenchError):
        return None
    return None if dataset is None else (dataset, notes)


def _made(key: str, read: Callable[[FolderRoom], Dataset]) -> tuple[Dataset, list[str]]:
    with draft() as room:
        with warnings.catch_warnings(record=True) as noted:
            warnings.simplefilter("always", XbenchWarning)
            dataset = read(room)
        folder = publish(room, dataset)
    notes = [str(one.message) for one in noted if issubclass(one.category, XbenchWarning)]
    write_text(_pointer(key), json_line({"digest": folder.name, "notes": notes}))
    found = open_prepared(folder.name)
    if found is None:
        raise XbenchError(f"{folder}: was written and cannot be read; is its disk sound?")
    return found, notes
