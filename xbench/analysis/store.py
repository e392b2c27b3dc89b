"""Findings beside the runs that they are about: ``findings.jsonl`` of a result store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xbench.errors import XbenchError
from xbench.results.findings import Finding
from xbench.utils.files import cannot_write
from xbench.utils.journal import append_line, locked

FILE = "findings.jsonl"


def read_findings(path: Path) -> list[Finding]:
    """Return the findings of a file, the latest of each; none where there is no file.

    Lines that are no finding (cut by a kill, or of another version of xbench) are passed over:
    they are made again.

    Parameters
    ----------
    path
        ``findings.jsonl`` of a store, or of a published leaderboard.

    Raises
    ------
    XbenchError
        Where the file cannot be read.

    Examples
    --------
    >>> read_findings(Path("no-such-folder") / FILE)
    []
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise XbenchError(f"{path}: cannot be read ({error.strerror}); choose another") from error
    return findings_of(content)


def findings_of(content: bytes) -> list[Finding]:
    r"""Return the findings in lines of JSON, the latest of each; other lines are passed over.

    Examples
    --------
    >>> findings_of(b'{"analysis": "proximity", "run_id": "0"}\ncut of')[0].analysis
    'proximity'
    """
    latest: dict[tuple[str, str, str], Finding] = {}
    for line in content.split(b"\n"):
        if (finding := _finding(line)) is not None:
            latest[finding.key] = finding
    return list(latest.values())


def append_findings(folder: Path, findings: Iterable[Finding]) -> None:
    """Add findings to a store; each is on the disk when this returns.

    Raises
    ------
    XbenchError
        Where the folder cannot be written or the disk is full; the file is then as it was.
    """
    path = folder / FILE
    try:
        with locked(folder / ".lock"):
            for finding in findings:
                line = finding.to_json().encode("utf-8")
                append_line(path, line, lambda tail: _finding(tail) is not None)
    except OSError as error:
        raise cannot_write(path, error) from error


def _finding(line: bytes) -> Finding | None:
    try:
        return Finding.from_json(line)
    except XbenchError:
        return None
