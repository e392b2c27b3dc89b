"""Under which versions, on which machine and when the records were made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from xbench.utils.text import plain


def environments(records: Iterable[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Return each environment that records name, with the number of its runs, most first.

    Parameters
    ----------
    records
        Records of runs. ``versions`` (name to version), ``git_commit`` and ``machine`` are read
        where they are there.

    Examples
    --------
    >>> commit = "abcdef0123456789-dirty"
    >>> environments([{"versions": {"xbench": "0.1.0"}, "git_commit": commit}])
    [('xbench 0.1.0; commit abcdef012345-dirty; machine not recorded', 1)]
    """
    counts = Counter(map(_environment, records))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def newest_day(records: Iterable[Mapping[str, Any]]) -> str:
    """Return the day (UTC) of the newest record, empty if none says it.

    Examples
    --------
    >>> newest_day([{"created": "2026-01-31T23:59:59Z"}, {"created": "2026-01-02T00:00:00Z"}])
    '2026-01-31'
    """
    return max((plain(record.get("created") or "")[:10] for record in records), default="")


def _environment(record: Mapping[str, Any]) -> str:
    versions = record.get("versions") or {}
    parts = [", ".join(f"{name} {versions[name]}" for name in sorted(versions))]
    parts[0] = parts[0] or "versions not recorded"
    commit = record.get("git_commit")
    parts.append(f"commit {_short(str(commit))}" if commit else "no commit recorded")
    machine = record.get("machine")
    parts.append(f"machine {machine}" if machine else "machine not recorded")
    return plain("; ".join(parts))


def _short(commit: str) -> str:
    # "-dirty" says that the code was changed since the commit: it must not be cut off.
    digits, *rest = commit.split("-", 1)
    return "-".join([digits[:12], *rest])
