"""Running the benchmarks of a checkout by pytest, in a process of its own.

A history of benchmarks as a table in text: a row a benchmark, a column an entry.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from xbench.errors import XbenchError
from xbench.testing.performance import Measurement, SuiteRun, measurements
from xbench.utils.provenance import git_commit, machine, versions

INSTALL = "pip install -e '.[test]'"
# Exit codes of pytest: all passed; some failed; there was nothing to run.
_PASSED, _FAILED, _NONE_FOUND = 0, 1, 5


@dataclass(frozen=True)
class SuiteOutcome:
    """How the benchmarks went.

    Parameters
    ----------
    entry
        What was measured.
    passed
        Whether every ratio was above its gate.
    output
        What pytest said.
    """

    entry: SuiteRun
    passed: bool
    output: str


def run_benchmarks(
    slow: bool = False, select: str | None = None, checkout: Path | None = None
) -> SuiteOutcome:
    """Run the benchmarks and return what they measured.

    Parameters
    ----------
    slow
        Those of the paper's size too, which take many minutes.
    select
        Only those whose name this expression finds, as pytest's ``-k`` reads it.
    checkout
        Of xbench; the one this xbench runs from where None.

    Raises
    ------
    XbenchError
        Outside of a checkout, without pytest-benchmark, where nothing is selected, or where
        pytest itself fails.

    Examples
    --------
    >>> run_benchmarks(checkout=Path("nowhere"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    xbench.errors.XbenchError: nowhere: no tests/benchmarks in it; benchmarks are run from ...
    """
    root = checkout or Path(__file__).resolve().parents[2]
    if not (root / "tests" / "benchmarks").is_dir():
        raise XbenchError(
            f"{root}: no tests/benchmarks in it; benchmarks are run from a checkout: clone the "
            f"repository and there run {INSTALL}"
        )
    if find_spec("pytest") is None or find_spec("pytest_benchmark") is None:
        raise XbenchError(f"benchmarks need pytest-benchmark, which is absent: {INSTALL}")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        done = subprocess.run(
            _command(report, slow, select),
            cwd=root,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return _outcome(done, report, select)


def _command(report: Path, slow: bool, select: str | None) -> list[str]:
    command = [sys.executable, "-m", "pytest", "tests/benchmarks", f"--benchmark-json={report}"]
    command += ["-q", "--tb=line", "-p", "no:cacheprovider", "--benchmark-columns=median"]
    command += ["-m", "slow or not slow" if slow else "not slow"]
    return command if select is None else [*command, "-k", select]


def _outcome(
    done: subprocess.CompletedProcess[str], report: Path, select: str | None
) -> SuiteOutcome:
    content = _content(report)
    found = measurements(content) if content else []
    if done.returncode == _NONE_FOUND:
        raise XbenchError(f"--select {select!r}: finds no benchmark; see tests/benchmarks")
    if done.returncode not in (_PASSED, _FAILED) or not found:
        said = [line for line in done.stdout.splitlines() if line.strip()] or ["it said nothing"]
        telling = [line for line in said if line.startswith(("ERROR", "FAILED"))] or said[-1:]
        raise XbenchError(f"tests/benchmarks: pytest measured nothing ({telling[0].strip()})")
    entry = SuiteRun(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=git_commit(),
        machine=machine(),
        versions=versions(),
        benchmarks=found,
    )
    return SuiteOutcome(entry, done.returncode == _PASSED, done.stdout)


def _content(report: Path) -> Mapping[str, Any] | None:
    """Return the content of pytest-benchmark's file; None where it wrote none, or an empty one."""
    try:
        content: Mapping[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content


ABSENT = "-"


def table_lines(entries: Sequence[SuiteRun]) -> list[str]:
    """Return a table of the ratios, and beside them what the newest measurement says otherwise.

    Parameters
    ----------
    entries
        Oldest first, at least one. A column is a day and a commit; benchmarks come in the order
        of the newest entries that have them.

    Examples
    --------
    >>> walk = Measurement("walk", 0.004, 12.3, "dense", "4 cells", 2**20)
    >>> day = "2026-01-31T12:00:00+00:00"
    >>> for line in table_lines([SuiteRun(day, "0123456789ab", "a machine", {}, [walk])]):
    ...     print(line)
    benchmark  2026-01-31 0123456  seconds  memory  ratio to
    walk                     12.3    0.004  1.0 MB  dense; 4 cells
    """
    newest = latest(entries)
    headings = ["benchmark", *map(heading, entries), "seconds", "memory", "ratio to"]
    columns = [{one.name: one for one in entry.benchmarks} for entry in entries]
    rows = [
        [
            name,
            *(_ratio(column.get(name)) for column in columns),
            f"{one.seconds:.3g}",
            _megabytes(one.memory_bytes),
            f"{one.against}; {one.size}",
        ]
        for name, one in newest.items()
    ]
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    return [_line(row, widths) for row in (headings, *rows)]


def latest(entries: Sequence[SuiteRun]) -> dict[str, Measurement]:
    """Return the newest measurement of each benchmark by name, in the order of the newest entry.

    Parameters
    ----------
    entries
        Oldest first.

    Examples
    --------
    >>> latest([])
    {}
    """
    newest: dict[str, Measurement] = {}
    for entry in reversed(entries):
        for one in entry.benchmarks:
            newest.setdefault(one.name, one)
    return newest


def heading(entry: SuiteRun) -> str:
    """Name an entry by its day and the beginning of its commit, ``+`` where that was changed.

    Examples
    --------
    >>> heading(SuiteRun("2026-01-31T12:00:00+00:00", "0123456789ab-dirty", "a machine"))
    '2026-01-31 0123456+'
    """
    day = entry.date.partition("T")[0]
    if entry.commit is None:
        return day
    return f"{day} {entry.commit[:7]}{'+' if entry.commit.endswith('-dirty') else ''}"


def _ratio(one: Measurement | None) -> str:
    return ABSENT if one is None else f"{one.ratio:.3g}"


def _megabytes(count: int | None) -> str:
    return ABSENT if count is None else f"{count / 2**20:.1f} MB"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """Lay out a row: words to the left, numbers to the right."""
    first, *numbers, last = row
    cells = [f"{first:<{widths[0]}}"]
    cells += [f"{text:>{width}}" for text, width in zip(numbers, widths[1:-1], strict=True)]
    return "  ".join([*cells, last])
