"""Running the benchmarks of a checkout by pytest, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from xbench.errors import XbenchError
from xbench.testing.performance import SuiteRun, saved_runs
from xbench.utils.files import cannot_write

INSTALL = "pip install -e '.[test]'"
# Exit codes of pytest: all passed; some failed; there was nothing to run.
_PASSED, _FAILED, _NONE_FOUND = 0, 1, 5


@dataclass(frozen=True)
class SuiteOutcome:
    """How the benchmarks went.

    Parameters
    ----------
    run
        What was measured.
    saved
        The file that pytest-benchmark saved.
    passed
        Whether every ratio was above its gate.
    output
        What pytest said.
    """

    run: SuiteRun
    saved: Path
    passed: bool
    output: str


def run_benchmarks(
    storage: Path, slow: bool = False, select: str | None = None, checkout: Path | None = None
) -> SuiteOutcome:
    """Run the benchmarks, let pytest-benchmark save them, and return what they measured.

    Parameters
    ----------
    storage
        The folder in which pytest-benchmark saves the run; made where missing.
    slow
        Those of the paper's size too, which take many minutes.
    select
        Only those whose name this expression finds, as pytest's ``-k`` reads it.
    checkout
        Of xbench; the one this xbench runs from where None.

    Raises
    ------
    XbenchError
        Outside of a checkout, without pytest-benchmark, where nothing is selected, where pytest
        itself fails, or where the storage cannot be used.

    Examples
    --------
    >>> run_benchmarks(Path(".benchmarks"), checkout=Path("nowhere"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    xbench.errors.XbenchError: nowhere: no tests/benchmarks in it; benchmarks are run from ...
    """
    root = checkout or Path(__file__).resolve().parents[2]
    if not (root / "tests" / "benchmarks").is_dir():
        raise XbenchError(
            f"{root}: no tests/benchmarks in it; benchmarks are run from a checkout: clone the "
            f"repository and there run {INSTALL}"
        )
    _require_pytest_benchmark()
    # A storage that cannot be used is better known before minutes of measuring than after.
    before = saved_runs(storage)
    try:
        storage.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(storage, error) from error
    done = subprocess.run(
        _command(storage.resolve(), slow, select),
        cwd=root,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    new = {path: run for path, run in saved_runs(storage).items() if path not in before}
    return _outcome(done, new, select)


def compared_seconds(storage: Path) -> str:
    """Return what pytest-benchmark itself says of the saved runs: seconds by the wall.

    Parameters
    ----------
    storage
        The folder of the saved runs.

    Raises
    ------
    XbenchError
        Without pytest-benchmark, or where it cannot read them.
    """
    _require_pytest_benchmark()
    place = storage.resolve()
    command = [sys.executable, "-m", "pytest_benchmark", f"--storage={place.as_uri()}", "compare"]
    command += ["--group-by=fullname", "--columns=min,median,iqr,rounds"]
    # In the folder itself: in a checkout the command would read the settings of its tests.
    done = subprocess.run(command, cwd=place, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        raise XbenchError(f"{storage}: pytest-benchmark cannot compare the runs ({last})")
    return done.stdout.strip("\n")


def _require_pytest_benchmark() -> None:
    if find_spec("pytest") is None or find_spec("pytest_benchmark") is None:
        raise XbenchError(f"benchmarks need pytest-benchmark, which is absent: {INSTALL}")


def _command(storage: Path, slow: bool, select: str | None) -> list[str]:
    command = [sys.executable, "-m", "pytest", "tests/benchmarks", "--benchmark-autosave"]
    command += [f"--benchmark-storage={storage.as_uri()}", "--benchmark-columns=median"]
    command += ["-q", "--tb=line", "-p", "no:cacheprovider"]
    command += ["-m", "slow or not slow" if slow else "not slow"]
    return command if select is None else [*command, "-k", select]


def _outcome(
    done: subprocess.CompletedProcess[str], new: dict[Path, SuiteRun], select: str | None
) -> SuiteOutcome:
    if done.returncode == _NONE_FOUND:
        raise XbenchError(f"--select {select!r}: finds no benchmark; see tests/benchmarks")
    measured = [(path, run) for path, run in new.items() if run.benchmarks]
    if done.returncode not in (_PASSED, _FAILED) or not measured:
        said = [line for line in done.stdout.splitlines() if line.strip()] or ["it said nothing"]
        telling = [line for line in said if line.startswith(("ERROR", "FAILED"))] or said[-1:]
        raise XbenchError(f"tests/benchmarks: pytest measured nothing ({telling[0].strip()})")
    path, run = measured[-1]
    return SuiteOutcome(run, path, done.returncode == _PASSED, done.stdout)
