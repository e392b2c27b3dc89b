"""The result store: a folder that keeps one record a run, whatever happens to the writer.

Lines that are no records are told with their place, and left as they are.
"""

import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xbench.errors import XbenchError, XbenchWarning
from xbench.results.findings import FILE as FINDINGS
from xbench.results.record import FINISHED, Record
from xbench.utils.files import cannot_write, sync_folder, write_bytes, write_text
from xbench.utils.locks import append_line, locked

if TYPE_CHECKING:
    import pandas

FORMAT = "xbench-results"
# Folder of the tasks, as TOML, that no installation of xbench knows by their name.
TASKS = "tasks"
# 1: ids of runs held the bytes of the method's file. A store of it is given new ids on first use.
VERSION = 2
# What an earlier `xbench bench` may have put into the folder before it became a store.
_OURS = {"bench.json"}
_LOG = logging.getLogger(__name__)


class ResultStore:
    """Records in a folder: ``store.json`` says format and version, ``runs.jsonl`` has the lines.

    Making the object writes nothing; the folder is made by `prepare` or the first `append`.

    What may happen to a writer, and what is done about it:

    - It is killed inside a line. Readers ignore the bytes after the last newline, and the next
      `append` cuts them off: they begin the record of a run that never counted as finished and
      is run again. A last line that lacks nothing but its newline (written by an editor, say) is
      a record, and stays one.
    - The disk fills up. The file is cut back to where it was and an error raised.
    - Another process writes as well. One writes at a time, under a lock that the system
      releases when its owner dies.

    Parameters
    ----------
    folder
        The store, an empty folder, or one that does not exist yet.

    Raises
    ------
    XbenchError
        Where the folder is something else, or a store of a newer version.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = ResultStore(folder)
    ...     store.prepare()
    ...     store.records()
    []
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.path = self.folder / "runs.jsonl"
        self._check_folder()

    def prepare(self) -> None:
        """Make the store where there is none; learn before the first run that it can be written.

        Raises
        ------
        XbenchError
            Where it cannot.
        """
        with self._writing(), self.path.open("ab"):
            pass

    def append(self, record: Record) -> None:
        """Add one record; when this returns, it is on the disk, and until then it is not there.

        Raises
        ------
        XbenchError
            Where the folder cannot be written or the disk is full; the store is as it was.
        """
        line = record.to_json().encode("utf-8")
        with self._writing():
            append_line(self.path, line, lambda tail: _complete(tail) is not None)

    def read(self, since: int = 0) -> "tuple[list[Record], list[BadLine]]":
        """Read every record and say which lines are none.

        Where a run was recorded more than once (it failed, and was tried again), the latest
        record counts.

        Parameters
        ----------
        since
            Only what was added after this many bytes counts, as `size` gave them.

        Returns
        -------
        records : list of Record
            One for each run, in the order in which the runs came first.
        problems : list of BadLine
            Corrupt lines, with their numbers. A torn last line is no problem (see the class).
        """
        return self._read(self._content(), since)

    def _read(self, content: bytes, since: int = 0) -> "tuple[list[Record], list[BadLine]]":
        *lines, tail = content[since:].split(b"\n")
        latest: dict[str, Record] = {}
        problems: list[BadLine] = []
        for number, line in enumerate(lines, start=content[:since].count(b"\n") + 1):
            if not line.strip():
                continue
            try:
                record = Record.from_json(line)
            except XbenchError as error:
                problems.append(BadLine(self.path, number, str(error)))
            else:
                latest[record.run_id] = record
        if (last := _complete(tail)) is not None:
            latest[last.run_id] = last
        _LOG.debug("%s: %d runs read, %d bad lines", self.path, len(latest), len(problems))
        return list(latest.values()), problems

    def records(self, since: int = 0) -> list[Record]:
        """Return the latest record of every run; warn (XbenchWarning) of lines that are none."""
        records, problems = self.read(since)
        if problems:
            warnings.warn(summary(problems), XbenchWarning, stacklevel=2)
        return records

    def finished(self, since: int = 0) -> set[str]:
        """Return the run_id of every run that need not be run again.

        Those are ok or skipped; what failed, timed out or ran out of memory is tried again.

        Parameters
        ----------
        since
            As in `read`.
        """
        return {record.run_id for record in self.records(since) if record.status in FINISHED}

    def size(self) -> int:
        """Return the number of bytes of all whole lines."""
        return self._content().rfind(b"\n") + 1

    @property
    def is_old(self) -> bool:
        """Whether its runs have ids of an older xbench; see `upgrade`."""
        try:
            declared = json.loads((self.folder / "store.json").read_bytes())
        except FileNotFoundError:
            return False
        return bool(declared["version"] < VERSION)

    def upgrade(self, convert: Callable[[bytes, bytes], tuple[bytes, bytes]]) -> None:
        """Replace the lines of an older store, and declare it to be of this version.

        Parameters
        ----------
        convert
            Gets the lines of runs and of findings, and returns what is to stand in their place.

        Raises
        ------
        XbenchError
            Where the store cannot be written. A store that was upgraded in part is still old,
            and can be upgraded again.
        """
        with self._writing():
            if not self.is_old:  # Another process was quicker.
                return
            findings = self.folder / FINDINGS
            known = findings.read_bytes() if findings.exists() else b""
            new_runs, new_findings = convert(self._content(), known)
            # Findings first: they are found by the old ids of the runs.
            if new_findings != known:
                write_bytes(findings, new_findings)
            write_bytes(self.path, new_runs)
            write_text(self.folder / "store.json", _declaration())
            _LOG.info("%s: upgraded to version %d", self.folder, VERSION)

    def change(self, edit: "Callable[[list[Record]], list[Record]]") -> "list[Record]":
        """Replace the records by what is made of them, all at once.

        Lines that are no records stay: a newer xbench may have written them.

        Parameters
        ----------
        edit
            Gets the latest record of every run, and returns the records that are to stay.

        Raises
        ------
        XbenchError
            Where the store cannot be written; it is then as it was.
        """
        with self._writing():
            content = self._content()
            records, problems = self._read(content)
            lines = content.split(b"\n")
            kept = edit(records)
            new = [record.to_json().encode("utf-8") for record in kept]
            new += [lines[problem.line - 1] for problem in problems]
            write_bytes(self.path, b"".join(line + b"\n" for line in new))
        return kept

    def to_frame(self) -> "pandas.DataFrame":
        """Return one row for each run.

        Returns
        -------
        pandas.DataFrame
            The fields of `Record` as columns, but ``metrics``: each metric is a column by its
            name (``"rel-delta"``), NaN where a run has no value. ``parameters`` and ``versions``
            are JSON text, to group by; ``indices`` and ``trace`` are lists. Without xbench:
            ``pandas.read_json("runs.jsonl", lines=True, dtype=False)``, since without
            ``dtype=False`` pandas takes the class "8" for the number 8. A notebook shows what
            matters of it; `xbench.plot` draws it.
        """
        import pandas

        from xbench.results.frames import FIELDS, RunsFrame

        records = self.records()
        frame = RunsFrame([_row(record) for record in records], columns=list(FIELDS))
        metrics = pandas.DataFrame([record.metrics for record in records], index=frame.index)
        return frame.join(metrics.astype(float))

    def _check_folder(self) -> None:
        """Refuse a folder that holds something else, or a store this xbench cannot read."""
        declaration = self.folder / "store.json"
        try:
            if self.folder.exists() and not self.folder.is_dir():
                raise XbenchError(f"{self.folder}: is a file; choose a folder for the results")
            # Hidden files are no sign of a use: a lock, a .gitignore, a Mac's .DS_Store. Read
            # before the declaration is looked for: another process may be making the store, and
            # the declaration is the first that it writes.
            names = {path.name for path in self.folder.iterdir() if path.name[0] != "."} - _OURS
            if names and not declaration.exists():
                other = min(names)
                what = f"not a result store, but has other files ({other})"
                raise XbenchError(f"{self.folder}: {what}; choose an empty or a new folder")
            _check_declaration(declaration)
        except FileNotFoundError:
            return
        except OSError as error:
            what = f"cannot be read ({error.strerror})"
            raise XbenchError(f"{self.folder}: {what}; choose another folder") from error

    def _content(self) -> bytes:
        """Return the bytes of all lines; none where nothing has been written yet."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            what = f"cannot be read ({error.strerror})"
            raise XbenchError(f"{self.path}: {what}; choose another store") from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the lock on a store that is there and complete."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder / ".lock"):
                self._declare()
                yield
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def _declare(self) -> None:
        """Write ``store.json`` and an empty ``runs.jsonl`` into a new store."""
        self._check_folder()
        declaration = self.folder / "store.json"
        if not declaration.exists():
            write_text(declaration, _declaration())
        if not self.path.exists():
            self.path.touch()
            sync_folder(self.folder)


def _declaration() -> str:
    return json.dumps({"format": FORMAT, "version": VERSION}) + "\n"


def _check_declaration(path: Path) -> None:
    """Refuse a ``store.json`` of something else or of a newer version."""
    try:
        declared = json.loads(path.read_bytes())
        known, version = declared["format"] == FORMAT, declared["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        known, version = False, None
    if not known or type(version) is not int:
        raise XbenchError(f"{path}: does not describe a result store; choose another folder")
    if version > VERSION:
        readable = f"this xbench reads up to version {VERSION}; update xbench"
        raise XbenchError(f"{path}: the store has version {version}, {readable}")


def _complete(tail: bytes) -> Record | None:
    """Return the record in a last line without a newline; None where it is torn or empty."""
    try:
        return Record.from_json(tail)
    except XbenchError:
        return None


def _row(record: Record) -> dict[str, object]:
    """Return the fields of a record as cells of a table."""
    row = asdict(record)
    for name in ("parameters", "versions"):
        row[name] = json.dumps(row[name], sort_keys=True)
    return row


@dataclass(frozen=True)
class BadLine:
    """A line of a store that is no record.

    Examples
    --------
    >>> str(BadLine(Path("results/runs.jsonl"), 3, "seed: Field required"))
    'results/runs.jsonl:3: not a record (seed: Field required); repair or delete the line'
    """

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        what = f"not a record ({self.message})"
        return f"{self.path}:{self.line}: {what}; {self.advice}"

    @property
    def advice(self) -> str:
        """What to do about it: a record that a newer xbench wrote is not to be thrown away."""
        newer = "newer xbench" in self.message
        return "update xbench" if newer else "repair or delete the line"


def summary(problems: Sequence[BadLine]) -> str:
    """Say in one line which lines of a store are no records, and what to do.

    Parameters
    ----------
    problems
        At least one, of one store.

    Examples
    --------
    >>> bad = [BadLine(Path("results/runs.jsonl"), line, "not JSON") for line in (3, 8)]
    >>> summary(bad)
    'results/runs.jsonl:3: not a record (not JSON); repair or delete the line (1 more: line 8)'
    """
    first, *others = problems
    if not others:
        return str(first)
    places = ", ".join(str(problem.line) for problem in others[:5])
    more = ", ..." if len(others) > 5 else ""
    return f"{first} ({len(others)} more: line {places}{more})"
