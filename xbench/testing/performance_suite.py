"""Running the benchmarks of a checkout by pytest, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import xbench
from xbench.errors import XbenchError
from xbench.testing.performance import Entry, measurements
from xbench.utils.provenance import git_commit, machine, versions

INSTALL = "pip install -e '.[test]'"
# Exit codes of pytest: all passed; some failed; there was nothing to run.
_PASSED, _FAILED, _NONE_FOUND = 0, 1, 5


@dataclass(frozen=True)
class Outcome:
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

    entry: Entry
    passed: bool
    output: str


def run_benchmarks(
    slow: bool = False, select: str | None = None, checkout: Path | None = None
) -> Outcome:
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
    root = checkout or Path(xbench.__file__).resolve().parent.parent
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


def _outcome(done: subprocess.CompletedProcess[str], report: Path, select: str | None) -> Outcome:
    content = _content(report)
    found = measurements(content) if content else []
    if done.returncode == _NONE_FOUND:
        raise XbenchError(f"--select {select!r}: finds no benchmark; see tests/benchmarks")
    if done.returncode not in (_PASSED, _FAILED) or not found:
        said = [line for line in done.stdout.splitlines() if line.strip()] or ["it said nothing"]
        telling = [line for line in said if line.startswith(("ERROR", "FAILED"))] or said[-1:]
        raise XbenchError(f"tests/benchmarks: pytest measured nothing ({telling[0].strip()})")
    entry = Entry(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=git_commit(),
        machine=machine(),
        versions=versions(),
        benchmarks=found,
    )
    return Outcome(entry, done.returncode == _PASSED, done.stdout)


def _content(report: Path) -> Mapping[str, Any] | None:
    """Return the content of pytest-benchmark's file; None where it wrote none, or an empty one."""
    try:
        content: Mapping[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content
