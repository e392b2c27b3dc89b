"""What one run of the benchmarks measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """One benchmark: its time, and the same work done another way in the same minute.

    Parameters
    ----------
    name
        File and test, such as ``"grids_step: a_twentieth_of_the_papers_size[10]"``.
    seconds
        Median, of processor time.
    ratio
        How many times as long the other way takes; compares between machines, as seconds do not.
    against
        The other way, in words.
    size
        Of the question, in words.
    memory_bytes
        By how much it raised the memory of its process at most; None where nobody could tell.

    Examples
    --------
    >>> Measurement("metrics: all", 0.003, 0.25, "a sort", "700 cells").ratio
    0.25
    """

    name: str
    seconds: float
    ratio: float
    against: str
    size: str
    memory_bytes: int | None = None


@dataclass(frozen=True)
class Entry:
    """One run of the benchmarks.

    Parameters
    ----------
    date
        When it ended: ISO 8601, UTC.
    commit
        Of the checkout, with ``-dirty`` where it was changed; None where unknown.
    machine
        Processor and number of cores.
    versions
        Of xbench, python, torch and numpy.
    benchmarks
        What was measured, in the order in which it ran.

    Examples
    --------
    >>> Entry("2026-01-31T12:00:00+00:00", None, "a machine").benchmarks
    []
    """

    date: str
    commit: str | None
    machine: str
    versions: dict[str, str] = field(default_factory=dict)
    benchmarks: list[Measurement] = field(default_factory=list)


def measurements(report: Mapping[str, Any]) -> list[Measurement]:
    """Return what stands in a file of pytest-benchmark's ``--benchmark-json``.

    Parameters
    ----------
    report
        The file's content. Benchmarks that keep no ratio are left out.

    Examples
    --------
    >>> extra = {"seconds": 0.5, "ratio": 3.0, "against": "dense", "size": "4 cells"}
    >>> one = {"fullname": "tests/benchmarks/test_walk.py::test_small[2]", "extra_info": extra}
    >>> [(found.name, found.ratio) for found in measurements({"benchmarks": [one]})]
    [('walk: small[2]', 3.0)]
    """
    return [
        Measurement(
            name=_short(one["fullname"]),
            seconds=float(told["seconds"]),
            ratio=float(told["ratio"]),
            against=told["against"],
            size=told["size"],
            memory_bytes=told.get("memory_bytes"),
        )
        for one in report["benchmarks"]
        if "ratio" in (told := one["extra_info"])
    ]


def _short(full: str) -> str:
    """Name a test by its file's idea and its own, without what all of them share."""
    path, _, test = full.partition("::")
    return f"{PurePosixPath(path).stem.removeprefix('test_')}: {test.removeprefix('test_')}"
