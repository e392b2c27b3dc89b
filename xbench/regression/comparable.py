"""Refusing to compare what cannot be compared."""

from __future__ import annotations

from xbench.errors import XbenchError
from xbench.regression.snapshot import Header

_MUST_AGREE = (
    ("task", "task"),
    ("task_version", "task version"),
    ("dataset", "dataset"),
    ("dataset_digest", "dataset digest"),
    ("surrogate", "surrogate"),
    ("surrogate_digest", "surrogate digest"),
    ("device", "device"),
)


def check_comparable(baseline: Header, fresh: Header, name: str) -> None:
    """Refuse to compare results of different tasks, data, surrogates or metrics.

    Parameters
    ----------
    baseline, fresh
        What the runs of each share.
    name
        Of the baseline, for the error.

    Raises
    ------
    XbenchError
        Naming everything that differs, with both values.

    Examples
    --------
    >>> old = Header(task="t", task_version=1, dataset="d", dataset_digest="0",
    ...              surrogate="s", surrogate_digest="1")
    >>> new = Header(task="t", task_version=2, dataset="d", dataset_digest="0",
    ...              surrogate="s", surrogate_digest="1")
    >>> check_comparable(old, new, "ci")
    Traceback (most recent call last):
    xbench.errors.XbenchError: baseline 'ci' cannot be compared with these runs: task version is 1 \
in the baseline and 2 now; run what the baseline was saved from, or save it again
    """
    found = [
        f"{label} is {_short(getattr(baseline, field))} in the baseline and "
        f"{_short(getattr(fresh, field))} now"
        for field, label in _MUST_AGREE
        if getattr(baseline, field) != getattr(fresh, field)
    ]
    # Where no run was ok there are no metrics: then the runs themselves are the regression.
    if baseline.metrics and fresh.metrics and baseline.metrics != fresh.metrics:
        found.append(_metrics(set(baseline.metrics), set(fresh.metrics)))
    if found:
        raise XbenchError(
            f"baseline {name!r} cannot be compared with these runs: {'; '.join(found)}; "
            "run what the baseline was saved from, or save it again"
        )


def _metrics(before: set[str], after: set[str]) -> str:
    parts = []
    if gone := sorted(before - after):
        parts.append(f"only the baseline has {', '.join(gone)}")
    if new := sorted(after - before):
        parts.append(f"only the runs have {', '.join(new)}")
    return f"metrics differ ({'; '.join(parts)})"


def _short(value: object) -> str:
    text = str(value)
    # A digest: its beginning tells two apart.
    return text[:12] + "…" if len(text) > 40 else text
