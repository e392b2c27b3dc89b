"""Choosing, forgetting and merging the runs of stores."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xbench.errors import XbenchError, unknown_name
from xbench.results.findings import FILE, Finding, append_findings, forget_findings, read_findings
from xbench.results.record import FINISHED, STATUSES, Record
from xbench.results.store import TASKS, ResultStore
from xbench.utils.files import cannot_write, write_text


@dataclass(frozen=True)
class Choice:
    """Which runs of a store are meant; None where any will do.

    Parameters
    ----------
    status, task, dataset, surrogate, method, L
        As in the records.
    target
        ``"CELL_TYPE:OUTPUT"``, or the output alone.
    ids
        Run ids, or what one begins with.

    Examples
    --------
    >>> Choice().of([])
    []
    """

    status: str | None = None
    task: str | None = None
    dataset: str | None = None
    method: str | None = None
    target: str | None = None
    surrogate: str | None = None
    L: int | None = None
    ids: Collection[str] = ()

    def of(self, records: Sequence[Record]) -> list[Record]:
        """Return the records that are meant, in their order.

        Raises
        ------
        XbenchError
            A value that no record has, which is more likely misspelt than meant; or the beginning
            of an id that several runs share.
        """
        kept = list(records)
        if self.status is not None and self.status not in STATUSES:
            raise unknown_name("status", self.status, STATUSES)
        for name in ("task", "dataset", "surrogate", "method", "L"):
            wanted = getattr(self, name)
            known = sorted({getattr(record, name) for record in records})
            if wanted is not None and wanted not in known:
                raise unknown_name(name, str(wanted), list(map(str, known)))
            kept = [one for one in kept if wanted is None or getattr(one, name) == wanted]
        if self.target is not None:
            known = sorted({":".join(record.explained) for record in records})
            if not any(self._names(record) for record in records):
                raise unknown_name("target", self.target, known)
            kept = [one for one in kept if self._names(one)]
        if self.ids:
            wanted_ids = {find_run(records, beginning).run_id for beginning in self.ids}
            kept = [one for one in kept if one.run_id in wanted_ids]
        return [one for one in kept if self.status is None or one.status == self.status]

    def _names(self, record: Record) -> bool:
        return self.target in (record.target, ":".join(record.explained))


def find_run(records: Iterable[Record], beginning: str) -> Record:
    """Return the run whose id begins so.

    Raises
    ------
    XbenchError
        Where no run does, or several do.
    """
    found = [record for record in records if record.run_id.startswith(beginning)]
    if len(found) == 1 and beginning:
        return found[0]
    if not found:
        raise XbenchError(f"run {beginning!r}: no run has this id; 'xbench runs list' shows them")
    ids = ", ".join(record.run_id for record in found[:3])
    raise XbenchError(
        f"run {beginning!r}: {len(found)} runs begin so ({ids}, ...); give more of it"
    )


def forget(store: ResultStore, chosen: Sequence[Record]) -> Path:
    """Take runs out of a store, with what analyses found of them; they are kept in a backup.

    Parameters
    ----------
    store
        That has them.
    chosen
        At least one of its records.

    Returns
    -------
    Path
        ``forgotten-DATE.jsonl`` in the store's folder: the lines, as they were.

    Raises
    ------
    XbenchError
        Where nothing can be written; the store is then as it was.
    """
    when = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    number, backup = 0, store.folder / f"forgotten-{when}.jsonl"
    while backup.exists():
        number += 1
        backup = store.folder / f"forgotten-{when}-{number}.jsonl"
    try:
        write_text(backup, "".join(record.to_json() + "\n" for record in chosen))
    except OSError as error:
        raise cannot_write(backup, error) from error
    gone = {record.run_id for record in chosen}
    store.change(lambda records: [record for record in records if record.run_id not in gone])
    forget_findings(store.folder, gone)
    return backup


@dataclass(frozen=True)
class Merged:
    """What came of merging stores.

    Parameters
    ----------
    runs
        In the merged store.
    shared
        Runs that more than one store had; the latest that finished was taken.
    differing
        Ids of shared runs that finished with other features or metrics in another store: their
        methods, or the machines, do not repeat what they did.
    findings
        In the merged store.
    """

    runs: int
    shared: int
    differing: tuple[str, ...]
    findings: int


def merge(sources: Sequence[ResultStore], into: ResultStore) -> Merged:
    """Put the runs and findings of stores into one, which may have runs already.

    Of runs with one id the latest that finished counts, else the latest. Tasks that the stores
    keep go with them.

    Raises
    ------
    XbenchError
        A source that is not there or of an older version, two tasks of one name, or a store that
        cannot be written.
    """
    tasks = _tasks_of([into, *sources])
    gathered: list[list[Record]] = []
    findings: list[Finding] = []
    for source in sources:
        if not source.path.exists():
            raise XbenchError(f"{source.folder}: no store is there; give folders of results")
        if source.is_old:
            what = "has run ids of an older xbench; run any 'xbench run' on it first"
            raise XbenchError(f"{source.folder}: {what}")
        gathered.append(source.records())
        findings += read_findings(source.folder / FILE)
    differing: list[str] = []
    shared: set[str] = set()

    def together(own: list[Record]) -> list[Record]:
        best: dict[str, Record] = {}
        for record in (one for records in (own, *gathered) for one in records):
            other = best.get(record.run_id)
            if other is None:
                best[record.run_id] = record
                continue
            if other == record:
                continue
            shared.add(record.run_id)
            if _differ(other, record) and record.run_id not in differing:
                differing.append(record.run_id)
            best[record.run_id] = max(other, record, key=_standing)
        return list(best.values())

    merged = into.change(together)
    for name, text in tasks.items():
        write_text(into.folder / TASKS / name, text)
    # Of what was found about one of two results that differ nobody knows which it was about.
    forget_findings(into.folder, differing)
    known = {finding.key: finding for finding in read_findings(into.folder / FILE)}
    new: dict[tuple[str, ...], Finding] = {}
    for finding in findings:
        other = new.get(finding.key, known.get(finding.key))
        # A newer version of an analysis takes the older one's place, whichever store it is in.
        if finding.run_id not in differing and (other is None or other.version < finding.version):
            new[finding.key] = finding
    append_findings(into.folder, new.values())
    return Merged(len(merged), len(shared), tuple(differing), len(known | new))


def _tasks_of(stores: Sequence[ResultStore]) -> dict[str, str]:
    """Return the tasks that stores keep, by the names of their files."""
    found: dict[str, tuple[str, Path]] = {}
    for store in stores:
        for path in sorted((store.folder / TASKS).glob("*.toml")):
            text = path.read_text(encoding="utf-8")
            kept, first = found.setdefault(path.name, (text, path))
            if text != kept:
                raise XbenchError(
                    f"{path}: is another task than {first}, by the same name; keep the stores apart"
                )
    return {name: text for name, (text, _) in found.items()}


def _differ(one: Record, other: Record) -> bool:
    """Whether two results of a run contradict each other; a failure contradicts nothing."""
    if one.status != "ok" or other.status != "ok":
        return False
    shared = one.metrics.keys() & other.metrics.keys()
    return one.indices != other.indices or any(
        one.metrics[name] != other.metrics[name] for name in shared
    )


def _standing(record: Record) -> tuple[bool, str]:
    return record.status in FINISHED, record.created
