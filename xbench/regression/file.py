"""A baseline's file: JSON that a person can review, one run a line.

Also which records of a store are the fresh run that is compared with it.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from xbench.errors import XbenchError, in_words, unknown_name
from xbench.regression.snapshot import Snapshot
from xbench.results.current import current
from xbench.results.record import Record
from xbench.results.store import ResultStore
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
    >>> from xbench.regression.snapshot import BaselineHeader
    >>> header = BaselineHeader(task="t", task_version=1, dataset="d", dataset_digest="0",
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
        what = in_words(error, limit=1)
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
    except (ValueError, RecursionError) as error:
        raise XbenchError(f"{path}: truncated or not JSON; restore it or save it again") from error


def _block(name: str, brackets: str, lines: list[str]) -> str:
    """Return a list or an object with a line for each entry."""
    return "\n".join([f'"{name}": {brackets[0]}', ",\n".join(lines), f"{brackets[1]},"])


Place = tuple[str, str]


def records_of(store: ResultStore) -> list[Record]:
    """Return the records of a store that count: the newest of each run, as on the leaderboard.

    Raises
    ------
    XbenchError
        Where there is no store or no record.
    """
    advice = f"run 'xbench run TASK --store {store.folder}' first"
    if not store.folder.is_dir():
        raise XbenchError(f"{store.folder}: no such folder; {advice}")
    records = store.records()
    if not records:
        raise XbenchError(f"{store.folder}: holds no records; {advice}")
    return current(records).records


def of_task(records: Sequence[Record], task: str | None, where: str) -> list[Record]:
    """Return the records of one task; of the only one where none is named.

    Parameters
    ----------
    records
        Of a store.
    task
        Its name, or None.
    where
        The store, for errors.

    Raises
    ------
    XbenchError
        Where the store holds none of that task, or several and none is named.

    Examples
    --------
    >>> of_task([], "ci", "results")
    Traceback (most recent call last):
    xbench.errors.XbenchError: results: holds no runs of task 'ci'; run 'xbench run ci' first
    """
    names = sorted({record.task for record in records})
    if task is None and len(names) > 1:
        raise XbenchError(f"{where}: holds several tasks; choose one by --task: {', '.join(names)}")
    name = names[0] if task is None else task
    if names and name not in names:
        raise unknown_name("task", name, names, where)
    chosen = [record for record in records if record.task == name]
    if not chosen:
        raise XbenchError(f"{where}: holds no runs of task {name!r}; run 'xbench run {name}' first")
    return chosen


def of_place(records: Sequence[Record], place: Place | None, where: str) -> list[Record]:
    """Return the records of one (dataset, surrogate); of the only one where none is named.

    Parameters
    ----------
    records
        Of one task.
    place
        Names of dataset and surrogate, or None.
    where
        The store, for errors.

    Raises
    ------
    XbenchError
        Where there are several and none is named. None of a named one gives an empty list.

    Examples
    --------
    >>> of_place([], None, "results")
    []
    """
    places = sorted({(record.dataset, record.surrogate) for record in records})
    if place is None and len(places) > 1:
        found = ", ".join(f"{dataset} with {surrogate}" for dataset, surrogate in places)
        raise XbenchError(
            f"{where}: holds runs of {places[0][0]!r} and others ({found}); keep each in a store "
            "of its own"
        )
    wanted = place if place is not None else (places[0] if places else None)
    return [record for record in records if (record.dataset, record.surrogate) == wanted]
