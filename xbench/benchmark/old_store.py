"""Stores of an older xbench: read, and given new run ids on first use."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xbench.benchmark.old_ids import N_FEATURES, new_id
from xbench.benchmark.saved_tasks import known_tasks
from xbench.benchmark.task import Task
from xbench.errors import XbenchError, XbenchWarning
from xbench.results.findings import Finding
from xbench.results.record import Record
from xbench.results.store import ResultStore

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Renamed:
    """Lines of runs and findings with new ids.

    Parameters
    ----------
    runs, findings
        The lines; what was no old record, or no finding of one, is as it was.
    changed, unknown
        Number of old records that have a new id now, and of those that keep theirs since their
        task is not known.
    """

    runs: bytes
    findings: bytes
    changed: int = 0
    unknown: int = 0

    def __str__(self) -> str:
        text = f"{self.changed + self.unknown} runs of an older xbench were read"
        if self.changed:
            text += f"; {self.changed} have new ids"
        if self.unknown:
            text += f"; {self.unknown} keep theirs, since their task is another one now"
        return text


def renamed(
    runs: bytes,
    findings: bytes,
    tasks: Mapping[str, Task],
    n_features: Mapping[str, int] | None = None,
) -> Renamed:
    r"""Give old records, and the findings about them, the ids that their runs have now.

    Parameters
    ----------
    runs, findings
        Lines of JSON, as ``runs.jsonl`` and ``findings.jsonl`` have them.
    tasks
        By name.
    n_features
        Number of features by digest of the data, besides those that are known.

    Returns
    -------
    Renamed
        Records are equal to the old ones but for id, ``method_version`` (1) and ``n_features``.

    Examples
    --------
    >>> renamed(b"no record\n", b"", {}).runs
    b'no record\n'
    """
    known = {**N_FEATURES, **(n_features or {})}
    new_ids: dict[str, str] = {}
    winner: dict[str, str] = {}
    unknown: set[str] = set()
    lines = runs.split(b"\n")
    for number, line in enumerate(lines):
        record = _old_record(line)
        if record is None:
            continue
        found = new_id(record, tasks.get(record.task))
        if found is None:
            unknown.add(record.run_id)
        else:
            # Of several old runs that are one now, the last in the file counts: of a store, too.
            new_ids[record.run_id], winner[found] = found, record.run_id
        fields = json.loads(line) | {
            "run_id": found or record.run_id,
            "method_version": record.method_version,
            "n_features": known.get(record.dataset_digest),
        }
        lines[number] = json.dumps(fields, sort_keys=True).encode("utf-8")
    dropped = {old for old, new in new_ids.items() if winner[new] != old}
    moved = [_moved(line, new_ids, dropped) for line in findings.split(b"\n")]
    kept = b"\n".join(line for line in moved if line is not None)
    return Renamed(b"\n".join(lines), kept, len(new_ids), len(unknown))


def upgrade_store(store: ResultStore, n_features: Mapping[str, int] | None = None) -> None:
    """Give the runs of an older store their new ids, and say so in one line; once.

    Raises
    ------
    XbenchError
        Where the store cannot be written. Until all is written its runs have their old ids.
    """
    if not store.is_old:
        return
    tasks = known_tasks(store)
    done: list[Renamed] = []

    def convert(runs: bytes, findings: bytes) -> tuple[bytes, bytes]:
        done.append(renamed(runs, findings, tasks, n_features))
        return done[0].runs, done[0].findings

    store.upgrade(convert)
    for one in done:
        if one.changed or one.unknown:
            warnings.warn(f"{store.folder}: {one}", XbenchWarning, stacklevel=2)


def opened_store(folder: Path) -> ResultStore:
    """Open a store to read it; an older one gets its new ids if it can be written.

    Raises
    ------
    XbenchError
        As `ResultStore` does.
    """
    store = ResultStore(folder)
    _LOG.info("store %s opened", folder)
    try:
        upgrade_store(store)
    except XbenchError as error:
        text = f"{folder}: of an older xbench, and its runs keep their old ids: {error}"
        warnings.warn(text, XbenchWarning, stacklevel=2)
    return store


def _old_record(line: bytes) -> Record | None:
    """Return the record in a line that was written before methods had versions."""
    if b'"method_version"' in line:
        return None
    try:
        return Record.from_json(line)
    except XbenchError:
        return None


def _moved(line: bytes, new_ids: Mapping[str, str], dropped: set[str]) -> bytes | None:
    """Return a finding's line with its run's new id; None where its run counts no more."""
    try:
        finding = Finding.from_json(line)
    except XbenchError:
        return line
    if finding.run_id in dropped:
        return None
    if finding.run_id not in new_ids:
        return line
    fields = json.loads(line) | {"run_id": new_ids[finding.run_id]}
    return json.dumps(fields, sort_keys=True).encode("utf-8")
