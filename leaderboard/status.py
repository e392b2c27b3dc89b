"""What to say of runs that gave no number: never a zero, never nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xbench.utils.text import plain

_LONGEST_REASON = 200
_WORST_FIRST = ("failed", "oom", "timeout", "skipped")
_WORDS = {"oom": "out of memory"}


def reason_of(record: Mapping[str, Any]) -> str:
    """Return status and reason of a run, on one line.

    Examples
    --------
    >>> reason_of({"status": "skipped", "reason": "no gene coordinates"})
    'skipped: no gene coordinates'
    """
    reason = plain(record.get("reason") or "no reason recorded", _LONGEST_REASON)
    return f"{record['status']}: {reason}"


def worst(reasons: Sequence[str]) -> str:
    """Return the gravest of several reasons, the first among equals; ``"ok"`` without any.

    Examples
    --------
    >>> worst(["skipped: no coordinates", "timeout: 600 s", "timeout: 601 s"])
    'timeout: 600 s'
    """

    def gravity(reason: str) -> int:
        kind = reason.split(":")[0]
        return _WORST_FIRST.index(kind) if kind in _WORST_FIRST else 0

    return min(reasons, key=gravity, default="ok")


def value_status(values: int, runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the status of a number that `values` of the runs gave.

    Examples
    --------
    >>> value_status(1, [{"status": "ok"}, {"status": "failed", "reason": "bug"}])
    'ok (1 of 2)'
    >>> value_status(0, [{"status": "failed", "reason": "bug"}])
    'failed: bug'
    """
    if values:
        return "ok" if values == len(runs) else f"ok ({values} of {len(runs)})"
    reasons = [reason_of(record) for record in runs if record["status"] != "ok"]
    if len(reasons) < len(runs):
        return f"no value: {len(runs) - len(reasons)} of {len(runs)} runs ok, none has this number"
    return worst(reasons)


def mean_status(
    present: int, expected: int, statuses: Sequence[str], values: int, runs: int
) -> str:
    """Return the status of a mean over targets, of which `present` of `expected` have a value.

    Examples
    --------
    >>> mean_status(11, 13, ["ok"] * 11, 33, 33)
    '11 of 13 targets'
    >>> mean_status(0, 2, ["skipped: no coordinates", "failed: bug"], 0, 6)
    'failed: bug'
    """
    if not present:
        return worst(statuses)
    if present < expected:
        return f"{present} of {expected} targets"
    return "ok" if values == runs else f"ok ({values} of {runs})"


def word(status: str) -> str:
    """Return what a table shows in the place of a number.

    Examples
    --------
    >>> word("oom: 12 GiB asked for"), word("skipped: no coordinates")
    ('out of memory', 'skipped')
    """
    kind = status.split(":")[0]
    return _WORDS.get(kind, kind)
