"""Runs and findings as the published leaderboard keeps them: every number's origin.

``runs.jsonl.gz`` holds the records without what only a debugger wants (traces, tracebacks, a
method's details), ``findings.jsonl.gz`` what analyses found. A leaderboard that is rendered where
some data are missing takes the runs of these from here. Lines of JSON, compressed, since they are
to be read by programs (``pandas.read_json`` takes them as they are) and would be many megabytes.
The page says from them under which versions, on which machine and when the runs were made.
"""

import gzip
import json
import math
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from xbench.errors import XbenchError
from xbench.results.findings import Finding, findings_of
from xbench.results.record import Record
from xbench.utils.json import plain_values
from xbench.utils.text import plain

from .formats import six_digits

RUNS, FINDINGS = "runs.jsonl.gz", "findings.jsonl.gz"
_LEFT_OUT = ("trace", "traceback", "details")
# Not known of runs of an older xbench.
_IF_ANY = (
    *("features", "places", "target_place", "target_strand", "asked", "budget"),
    *("surrogate_fit", "judge_fit"),
)


def runs_text(records: Iterable[Record]) -> str:
    """Return records as lines of JSON, in their order."""
    names = [field.name for field in fields(Record) if field.name not in _LEFT_OUT]
    kept = (
        {name: value for name in names if (value := getattr(record, name)) or name not in _IF_ANY}
        for record in records
    )
    return "".join(
        json.dumps(plain_values(record), sort_keys=True, allow_nan=False) + "\n" for record in kept
    )


def findings_text(findings: Iterable[Finding]) -> str:
    """Return findings as lines of JSON, sorted by what identifies them.

    Examples
    --------
    >>> findings_text([])
    ''
    """
    ordered = sorted(findings, key=lambda finding: finding.key)
    return "".join(finding.to_json() + "\n" for finding in ordered)


def rounded(finding: Finding) -> Finding:
    """Return a finding with 6 significant digits in every number: pages show fewer.

    Examples
    --------
    >>> rounded(Finding(analysis="a", run_id="0", values={"drops": [1 / 3]})).values
    {'drops': [0.333333]}
    """
    return replace(finding, values=_rounded(finding.values))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return six_digits(value) if isinstance(value, float) and math.isfinite(value) else value


def read_published(folder: Path) -> tuple[list[Record], list[Finding]]:
    """Read what an earlier rendering kept; nothing where there is none.

    Raises
    ------
    XbenchError
        Where a file cannot be read or a line is no record: nothing is passed over in silence.
    """
    path = folder / RUNS
    records = []
    for number, line in enumerate(unpacked(path).splitlines(), start=1):
        try:
            records.append(Record.from_json(line))
        except XbenchError as error:
            raise XbenchError(
                f"{path}: line {number}: {error}; delete the file and render again"
            ) from error
    return records, findings_of(unpacked(folder / FINDINGS))


def packed(text: str) -> bytes:
    """Return text compressed, the same bytes for the same text.

    Examples
    --------
    >>> gzip.decompress(packed("a line")).decode()
    'a line'
    """
    return gzip.compress(text.encode("utf-8"), mtime=0)


def unpacked(path: Path) -> bytes:
    """Return the content of a compressed file; nothing where there is none.

    Raises
    ------
    XbenchError
        Where it cannot be read.
    """
    try:
        return gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        return b""
    except (OSError, EOFError, zlib.error) as error:
        what = f"cannot be read ({error}); delete the file and render again"
        raise XbenchError(f"{path}: {what}") from error


def environments(records: Iterable[Record]) -> list[tuple[str, int]]:
    """Return each environment that records name, with the number of its runs, most first.

    An environment is ``"xbench 0.1.0; commit abcdef012345-dirty; machine not recorded"``.

    Examples
    --------
    >>> environments([])
    []
    """
    counts = Counter(map(_environment, records))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def newest_day(records: Iterable[Record]) -> str:
    """Return the day (UTC) of the newest record, empty if none says it."""
    return max((plain(record.created)[:10] for record in records), default="")


def _environment(record: Record) -> str:
    versions = ", ".join(f"{name} {record.versions[name]}" for name in sorted(record.versions))
    commit = f"commit {_short(record.git_commit)}" if record.git_commit else "no commit recorded"
    machine = f"machine {record.machine}" if record.machine else "machine not recorded"
    return plain("; ".join((versions or "versions not recorded", commit, machine)))


def _short(commit: str) -> str:
    # "-dirty" says that the code was changed since the commit: it must not be cut off.
    digits, *rest = commit.split("-", 1)
    return "-".join([digits[:12], *rest])
