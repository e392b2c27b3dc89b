"""What one run of the benchmarks measured.

The history of benchmarks: one JSON file, a line a benchmark, so that a diff can be read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import TypeAdapter, ValidationError

from xbench.errors import XbenchError, in_words
from xbench.utils.files import cannot_write, write_text
from xbench.utils.locks import locked


@dataclass(frozen=True)
class Measurement:
    """One benchmark: its time, and the same work done another way in the same minute.

    Parameters
    ----------
    name
        File and test, such as ``"grids_step: a_twentieth_of_the_papers_size[10]"``.
    seconds
        Median, of processor time.
    ratio
        How many times as long the other way takes; compares between machines, as seconds do not.
    against
        The other way, in words.
    size
        Of the question, in words.
    memory_bytes
        By how much it raised the memory of its process at most; None where nobody could tell.

    Examples
    --------
    >>> Measurement("metrics: all", 0.003, 0.25, "a sort", "700 cells").ratio
    0.25
    """

    name: str
    seconds: float
    ratio: float
    against: str
    size: str
    memory_bytes: int | None = None


@dataclass(frozen=True)
class SuiteRun:
    """One run of the benchmarks.

    Parameters
    ----------
    date
        When it ended: ISO 8601, UTC.
    commit
        Of the checkout, with ``-dirty`` where it was changed; None where unknown.
    machine
        Processor and number of cores.
    versions
        Of xbench, python, torch and numpy.
    benchmarks
        What was measured, in the order in which it ran.

    Examples
    --------
    >>> SuiteRun("2026-01-31T12:00:00+00:00", None, "a machine").benchmarks
    []
    """

    date: str
    commit: str | None
    machine: str
    versions: dict[str, str] = field(default_factory=dict)
    benchmarks: list[Measurement] = field(default_factory=list)


def measurements(report: Mapping[str, Any]) -> list[Measurement]:
    """Return what stands in a file of pytest-benchmark's ``--benchmark-json``.

    Parameters
    ----------
    report
        The file's content. Benchmarks that keep no ratio are left out.

    Examples
    --------
    >>> extra = {"seconds": 0.5, "ratio": 3.0, "against": "dense", "size": "4 cells"}
    >>> one = {"fullname": "tests/benchmarks/test_walk.py::test_small[2]", "extra_info": extra}
    >>> [(found.name, found.ratio) for found in measurements({"benchmarks": [one]})]
    [('walk: small[2]', 3.0)]
    """
    return [
        Measurement(
            name=_short(one["fullname"]),
            seconds=float(told["seconds"]),
            ratio=float(told["ratio"]),
            against=told["against"],
            size=told["size"],
            memory_bytes=told.get("memory_bytes"),
        )
        for one in report["benchmarks"]
        if "ratio" in (told := one["extra_info"])
    ]


def _short(full: str) -> str:
    """Name a test by its file's idea and its own, without what all of them share."""
    path, _, test = full.partition("::")
    return f"{PurePosixPath(path).stem.removeprefix('test_')}: {test.removeprefix('test_')}"


FORMAT, VERSION = "xbench-bench", 1
_ENTRIES = TypeAdapter(list[SuiteRun])


def read_history(path: Path) -> list[SuiteRun]:
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
        what = in_words(error, limit=1, at=["entries"])
        raise XbenchError(f"{path}: {what}; repair it or name another") from error


def add_entry(path: Path, entry: SuiteRun) -> None:
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
    ...     add_entry(path, SuiteRun("2026-01-31T12:00:00+00:00", None, "a machine"))
    ...     [entry.machine for entry in read_history(path)]
    ['a machine']
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_name(f".{path.name}.lock")):
            write_text(path, _text([*read_history(path), entry]))
    except OSError as error:
        raise cannot_write(path, error) from error


def _text(entries: Sequence[SuiteRun]) -> str:
    """Lay the history out with a line for each benchmark."""
    head = {"format": FORMAT, "version": VERSION}
    parts = ",\n".join(map(_entry_text, entries))
    return json.dumps(head)[:-1] + f', "entries": [\n{parts}\n]}}\n'


def _entry_text(entry: SuiteRun) -> str:
    fields: dict[str, Any] = asdict(entry)
    lines = ",\n".join(f"  {json.dumps(one)}" for one in fields.pop("benchmarks"))
    return json.dumps(fields)[:-1] + f', "benchmarks": [\n{lines}\n ]}}'
