"""What an analysis found about a run, kept in ``findings.jsonl`` beside the runs."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from xbench.errors import XbenchError, in_words
from xbench.utils.files import cannot_write, write_bytes
from xbench.utils.json import json_line
from xbench.utils.locks import append_line, locked


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one analysis says about the selection of one run.

    Parameters
    ----------
    analysis
        Name of the analysis, see `xbench.analysis.analyses.ANALYSES`.
    run_id
        The run whose selection was analysed.
    against
        What else went into it, such as the digest of a second surrogate or of a contact map;
        empty where nothing did.
    values
        What came out, in JSON's own types.
    version
        Of the analysis; findings of older versions are made anew.

    Examples
    --------
    >>> finding = Finding(analysis="proximity", run_id="00c0ffee00c0ffee", values={"nearest": 5.0})
    >>> Finding.from_json(finding.to_json()) == finding
    True
    """

    analysis: str
    run_id: str
    against: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    version: int = 1

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies it: analysis, run, and what else went into it."""
        return self.analysis, self.run_id, self.against

    def to_json(self) -> str:
        """Return it as one line of JSON, keys sorted; NaN and infinities become null."""
        return json_line(asdict(self))

    @staticmethod
    def from_json(line: str | bytes) -> "Finding":
        """Read one line written by `to_json`.

        Raises
        ------
        XbenchError
            Where the text is no finding.
        """
        try:
            return _ADAPTER.validate_json(line)
        except ValidationError as error:
            raise XbenchError(in_words(error, limit=1)) from error


_ADAPTER = TypeAdapter(Finding)


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
            lines = [finding.to_json().encode("utf-8") for finding in findings]
            # At once: of thousands, each would wait for the disk.
            if lines:
                append_line(path, b"\n".join(lines), lambda tail: _finding(tail) is not None)
    except OSError as error:
        raise cannot_write(path, error) from error


def forget_findings(folder: Path, run_ids: Iterable[str]) -> None:
    """Take the findings about runs out of a store: what they are about is run again.

    Raises
    ------
    XbenchError
        Where the folder cannot be written; the file is then as it was.
    """
    path, gone = folder / FILE, set(run_ids)
    if not path.exists():
        return
    try:
        with locked(folder / ".lock"):
            lines = path.read_bytes().split(b"\n")
            kept = [
                line for line in lines if (one := _finding(line)) is None or one.run_id not in gone
            ]
            if len(kept) < len(lines):
                write_bytes(path, b"\n".join(kept))
    except OSError as error:
        raise cannot_write(path, error) from error


def _finding(line: bytes) -> Finding | None:
    try:
        return Finding.from_json(line)
    except XbenchError:
        return None
