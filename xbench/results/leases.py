"""Who is at work on which runs of a store, so that several starts share them.

A claim is a lease: it ends by itself where its owner has not renewed it for some time, whatever
became of it, on this machine or on another that shares the folder. Where the owner was a process
that can be looked up from here, and is gone, its claims end at once.
"""

import json
import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from xbench.errors import XbenchError
from xbench.results.record import Record
from xbench.utils.files import cannot_write
from xbench.utils.locks import end_of_lines, locked
from xbench.utils.process_names import is_gone, name_of_this

LEASE_SECONDS = 60.0
# Renewed well before it ends, so that a busy machine or a slow disk loses nothing.
RENEW_SECONDS = 15.0
_SEPARATOR = " "


class Claims:
    """One start's claims on runs of a store.

    Parameters
    ----------
    folder
        Of the store, which is there.
    seconds
        How long a claim lasts without being renewed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one, other = Claims(Path(folder)), Claims(Path(folder))
    ...     one.take(["a", "b"]), other.take(["b"]), other.take(["c"])
    (True, False, True)
    """

    def __init__(self, folder: Path, seconds: float = LEASE_SECONDS) -> None:
        self._path, self._lock = folder / ".claims.json", folder / ".claims.lock"
        self._journal = folder / "runs.jsonl"
        self._seconds = seconds
        # A process may have several, one after the other.
        self._owner = f"{name_of_this()}{_SEPARATOR}{secrets.token_hex(8)}"
        self._mine: set[str] = set()
        self._renewed = time.monotonic()
        self._recorded: dict[str, Record] = {}
        # What a killed writer left behind the last line is cut off.
        self._read_to = end_of_lines(self._journal)

    def take(self, runs: Sequence[str]) -> bool:
        """Claim runs, all or none; False where another start has one of them.

        Raises
        ------
        XbenchError
            Where the store cannot be written.
        """
        try:
            with locked(self._lock):
                claims = self._read()
                if any(run in claims and claims[run][0] != self._owner for run in runs):
                    return False
                self._mine.update(runs)
                self._write(claims)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        return True

    def drop(self, runs: Sequence[str]) -> None:
        """Give runs up, finished or not."""
        self._mine.difference_update(runs)
        self._change()

    def renew(self) -> None:
        """Renew all claims, where it is time to."""
        if time.monotonic() - self._renewed >= min(RENEW_SECONDS, self._seconds / 4):
            self._change()

    def close(self) -> None:
        """Give up everything."""
        self._mine.clear()
        self._change()

    def recorded(self) -> dict[str, Record]:
        """Return what has been recorded, by any start, since this one began."""
        try:
            with self._journal.open("rb") as file:
                if os.fstat(file.fileno()).st_size < self._read_to:
                    # Runs have been forgotten: lines are elsewhere now.
                    self._read_to = end_of_lines(self._journal)
                file.seek(self._read_to)
                *lines, tail = file.read().split(b"\n")
                self._read_to = file.tell() - len(tail)
        except FileNotFoundError:
            return self._recorded
        for line in lines:
            try:
                record = Record.from_json(line)
            except XbenchError:
                # Whoever reads the store says so.
                continue
            self._recorded[record.run_id] = record
        return self._recorded

    def _change(self) -> None:
        try:
            with locked(self._lock):
                self._write(self._read())
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def _read(self) -> dict[str, tuple[str, float]]:
        """Return the claims of others that have not ended."""
        try:
            content = json.loads(self._path.read_bytes())
            now = time.time()
            return {
                str(run): (str(owner), float(end))
                for run, (owner, end) in content.items()
                # A clock that is ahead can claim no longer than any other.
                if owner != self._owner
                and now < end <= now + 2 * self._seconds
                and not is_gone(str(owner).rpartition(_SEPARATOR)[0])
            }
        except (FileNotFoundError, ValueError, TypeError, AttributeError, RecursionError):
            # Torn by a kill: those who are alive write theirs again.
            return {}

    def _write(self, others: dict[str, tuple[str, float]]) -> None:
        end = time.time() + self._seconds
        content = others | dict.fromkeys(self._mine, (self._owner, end))
        # Not kept through a power cut: nobody is at work then. Never replaced: who waits for the
        # lock has nothing else open.
        self._path.write_text(json.dumps(content), encoding="utf-8")
        self._renewed = time.monotonic()
