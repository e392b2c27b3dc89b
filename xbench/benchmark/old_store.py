"""Stores of an older xbench: read, and given new run ids on first use.

An old id was a hash of the question, the metrics, and the digest of the file that defined the
method. A record does not keep all of that (perturbation, split, budgets), so the new id is found
by asking the task again; where the file is one that xbench shipped, the old id proves the answer.
"""

import hashlib
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from xbench.benchmark.plan import RunKey, run_id, run_key
from xbench.benchmark.task import MethodSpec, Task, known_tasks
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


# Of every file in methods/ while ids held them: 16 digits of its SHA-256.
_SHIPPED_FILES = """
    07d31786e1bcd74c 09d33eb43c5e8902 126136cd7a9d6758 147ef5b85753b904 169a3c4b430ec5cb
    1ca40dc03727f57d 1dfac875d45564f2 2eb4e02eb3550188 309f5ea1a766f01b 32aa9989ab14fa8d
    370c066476f1ed4a 3b93daf027c1d3e7 424254ddfd76415e 4db2feb851c565c9 62410e7a5f078118
    6413d6c835b36e5f 66c5c615929e9f60 76cc70f18397e8c1 82b5e0250cc64289 8de9da3e4f5720e3
    91374b27b022fdc8 91d6763ea3b495eb 95320c5d9a1041cf 9603addfd3aa236f 99fe2c0aa4aee2f8
    9a97d617de961a89 9e5cdd248d6247bc 9ff84af6b45d8542 ba6faa8d947aa669 c20478d37e1aa4a6
    c790f6bbb16fc12d cbfe540e5a31b421 d395e718a57cdc50 d39815212c2882f9 da3a7f67ae3f07c6
    fa15a16e60c51f9e
"""
# Of the data that old records are of, where it is known what they have.
N_FEATURES = {
    "aca73b54176d7ffed81165f5670a2c4ba43d8ba9c759bcd3b916d4ddab8e4128": 127_219,
    "6c64e500c00705f2149a7edfb85f82ea5a56e171f769d51b5a9a08668fd20c1b": 25_734,
    "c10a8763d8790aba2311c47959de55dcd085897ff207f57800b3d50c7b579cdf": 784,
    "a29c8c5bc01ec67030574e28c155a8731617910cc3a993b4bd490b61bc0e3b92": 6_000,
}
_SECONDS = (
    *(1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 500, 600, 900, 1000, 1200),
    *(1800, 2400, 3600, 5400, 7200, 10800, 14400, 21600, 28800, 43200, 86400),
)
_EVALUATIONS = tuple(digit * 10**power for power in range(10) for digit in (1, 2, 5))


def new_id(record: Record, task: Task | None) -> str | None:
    """Return the id that an old record's run has now; None where it cannot be known.

    Parameters
    ----------
    record
        Of a run, made while ids held the bytes of the method's file.
    task
        The task of that name.

    Returns
    -------
    str or None
        None where the task is another one now (or not known), or was changed without a new
        version. The budget of a run of a method that xbench never shipped cannot be proven: it is
        the one that stopped the run, else the task's own, which gives the same selection.
    """
    if task is None or task.version != record.task_version:
        return None
    key = _key(record, task)
    if key.seed != record.seed:
        return None
    file_digest = _shipped_file(record.method_digest, _text(key.parameters))
    if file_digest is None:
        seconds, evaluations = _stopped_by(record.stopped)
        if record.stopped:
            key = replace(key, budget_seconds=seconds, budget_evaluations=evaluations)
        return _new(record, key)
    for asked in _with_budgets(key, record.stopped):
        if old_run_id(record, asked, file_digest) == record.run_id:
            return _new(record, asked)
    return None


def old_run_id(record: Record, key: RunKey, file_digest: str) -> str:
    """Return the id as it was computed of old: from the key, the metrics and the method's file."""
    on = [record.dataset_digest, record.surrogate_digest, file_digest, record.device, 1]
    asked = {**asdict(key), "metrics": sorted(key.metrics)}
    # What no run of then could ask for.
    del asked["window"], asked["known"]
    for name in ("beta", "budget_seconds", "budget_evaluations", "division"):
        if asked[name] is None:
            del asked[name]
    return _digest([asked, on])


def old_method_digest(file_digest: str, parameters: Mapping[str, Any]) -> str:
    """Return what old records name as their method's digest: its file and its parameters.

    Examples
    --------
    >>> len(old_method_digest("00c0ffee00c0ffee", {}))
    16
    """
    return _digest([file_digest, dict(parameters)])


def _key(record: Record, task: Task) -> RunKey:
    # A method of a user's file runs with its defaults, whatever a task gives one of that name.
    specs = [spec for spec in task.methods if spec.label == record.method]
    specs = [spec for spec in specs if dict(spec.parameters).items() <= record.parameters.items()]
    spec = specs[0] if specs else MethodSpec(name=record.method)
    return run_key(task, record.cell_type, record.target, spec, record.L, record.repetition)


def _new(record: Record, key: RunKey) -> str:
    return run_id(key, record.dataset_digest, record.surrogate_digest, 1, record.device)


@lru_cache(maxsize=256)
def _shipped_file(method_digest: str, parameters: str) -> str | None:
    """Return the digest of the shipped file that a record's method was in."""
    given = json.loads(parameters)
    for digest in _SHIPPED_FILES.split():
        if old_method_digest(digest, given) == method_digest:
            return digest
    return None


def _with_budgets(key: RunKey, stopped: str) -> Iterator[RunKey]:
    """Yield the key with every budget that it may have been given, the likeliest first."""
    yield key
    stop_seconds, stop_evaluations = _stopped_by(stopped)
    for number in (stop_seconds, None, *_SECONDS):
        # A budget in seconds comes as 600.0 from the command line, and as 600 from Python.
        for seconds in (None,) if number is None else (float(number), int(number)):
            yield replace(key, budget_seconds=seconds, budget_evaluations=stop_evaluations)
            yield replace(key, budget_seconds=seconds)
    for evaluations in _EVALUATIONS:
        yield replace(key, budget_evaluations=evaluations)


def _stopped_by(stopped: str) -> tuple[float | None, int | None]:
    """Return the budget that a record says to have stopped its run: seconds, or evaluations."""
    number, _, unit = stopped.removeprefix("its budget of ").partition(" ")
    try:
        if unit.startswith("evaluations"):
            return None, int(number.replace(",", ""))
        return (float(number), None) if unit.startswith("s ") else (None, None)
    except ValueError:
        return None, None


def _digest(content: object) -> str:
    return hashlib.sha256(_text(content).encode("utf-8")).hexdigest()[:16]


def _text(content: object) -> str:
    return json.dumps(content, sort_keys=True)
