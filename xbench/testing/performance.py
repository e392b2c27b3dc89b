"""``xbench bench``: running a checkout's benchmarks by pytest, and showing what the runs measured.

Measurements are read from the files that pytest-benchmark saves, and shown as a table in text: a
row a benchmark, a column a run.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from xbench.errors import XbenchError
from xbench.utils.files import cannot_write

# As pytest-benchmark names what it saves: a folder for each kind of machine, a number for each run.
SAVED = "*/[0-9][0-9][0-9][0-9]_*.json"
ABSENT = "-"


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
        By how much it raised the memory of its process at most; None where it is unknown.

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
class SuiteRun:
    """One run of the benchmarks.

    Parameters
    ----------
    date
        When it ended: ISO 8601, UTC.
    commit
        Of the checkout, with ``-dirty`` where it was changed; None where unknown.
    benchmarks
        What was measured, in the order in which it ran.

    Examples
    --------
    >>> SuiteRun("2026-01-31T12:00:00+00:00", None).benchmarks
    []
    """

    date: str
    commit: str | None
    benchmarks: list[Measurement] = field(default_factory=list)


def saved_runs(folder: Path) -> dict[Path, SuiteRun]:
    """Return the runs that pytest-benchmark saved in its storage, oldest first.

    Parameters
    ----------
    folder
        Its storage; one that is not there holds no run.

    Raises
    ------
    XbenchError
        Where it is a file, cannot be read, or a file in it is damaged.

    Examples
    --------
    >>> saved_runs(Path("no-such-folder"))
    {}
    """
    if folder.is_file():
        raise XbenchError(
            f"{folder}: a file; runs of the benchmarks are saved in a folder by pytest-benchmark "
            "(an earlier xbench kept them in one file, which is not read any more): name a folder"
        )
    try:
        runs = {path: suite_run(_content(path), path) for path in folder.glob(SAVED)}
    except OSError as error:
        raise XbenchError(f"{folder}: cannot be read ({error.strerror}); name another") from error
    return dict(sorted(runs.items(), key=lambda run: (run[1].date, run[0])))


def suite_run(content: Mapping[str, Any], path: Path) -> SuiteRun:
    """Return what stands in a file of pytest-benchmark.

    Parameters
    ----------
    content
        The file's content. Benchmarks that keep no ratio are left out.
    path
        The file, for errors.

    Raises
    ------
    XbenchError
        Something is missing or of another kind.

    Examples
    --------
    >>> extra = {"seconds": 0.5, "ratio": 3.0, "against": "dense", "size": "4 cells"}
    >>> one = {"fullname": "tests/benchmarks/test_walk.py::test_small[2]", "extra_info": extra}
    >>> commit = {"id": "unversioned", "dirty": False}
    >>> day = "2026-01-31T12:00:00+00:00"
    >>> content = {"datetime": day, "commit_info": commit, "benchmarks": [one]}
    >>> [(found.name, found.ratio) for found in suite_run(content, Path("0001_a.json")).benchmarks]
    [('walk: small[2]', 3.0)]
    """
    try:
        commit = content["commit_info"]
        known = str(commit["id"]) + ("-dirty" if commit["dirty"] else "")
        return SuiteRun(
            date=str(content["datetime"]),
            commit=None if commit["id"] == "unversioned" else known,
            benchmarks=[
                Measurement(
                    name=_short(one["fullname"]),
                    seconds=float(told["seconds"]),
                    ratio=float(told["ratio"]),
                    against=str(told["against"]),
                    size=str(told["size"]),
                    memory_bytes=told.get("memory_bytes"),
                )
                for one in content["benchmarks"]
                if "ratio" in (told := one["extra_info"])
            ],
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"{type(error).__name__}: {error}"
        raise XbenchError(
            f"{path}: not a run that pytest-benchmark saved ({what}); move it away"
        ) from error


def _content(path: Path) -> Mapping[str, Any]:
    try:
        content: Mapping[str, Any] = json.loads(path.read_bytes())
    except ValueError as error:
        raise XbenchError(f"{path}: not JSON ({error}); move it away") from error
    return content


def _short(full: str) -> str:
    """Name a test by its file's idea and its own, without what all of them share."""
    path, _, test = full.partition("::")
    return f"{PurePosixPath(path).stem.removeprefix('test_')}: {test.removeprefix('test_')}"


def table_lines(runs: Sequence[SuiteRun]) -> list[str]:
    """Return a table of the ratios, and beside them what the newest measurement says otherwise.

    Parameters
    ----------
    runs
        Oldest first, at least one. A column is a day and a commit; benchmarks come in the order
        of the newest runs that have them.

    Examples
    --------
    >>> walk = Measurement("walk", 0.004, 12.3, "dense", "4 cells", 2**20)
    >>> day = "2026-01-31T12:00:00+00:00"
    >>> for line in table_lines([SuiteRun(day, "0123456789ab", [walk])]):
    ...     print(line)
    benchmark  2026-01-31 0123456  seconds  memory  ratio to
    walk                     12.3    0.004  1.0 MB  dense; 4 cells
    """
    newest: dict[str, Measurement] = {}
    for run in reversed(runs):
        for one in run.benchmarks:
            newest.setdefault(one.name, one)
    headings = ["benchmark", *map(_heading, runs), "seconds", "memory", "ratio to"]
    columns = [{one.name: one for one in run.benchmarks} for run in runs]
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


def _heading(run: SuiteRun) -> str:
    """Name a run by its day and the beginning of its commit, ``+`` where that was changed."""
    day = run.date.partition("T")[0]
    if run.commit is None:
        return day
    return f"{day} {run.commit[:7]}{'+' if run.commit.endswith('-dirty') else ''}"


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
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
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
    # The one plug-in that is used: some that are installed along take seconds to import (zarr's).
    command = [sys.executable, "-m", "pytest", "-p", "pytest_benchmark.plugin"]
    command += ["tests/benchmarks", "--benchmark-autosave"]
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
