"""Does the gate hold? ``python tests/regression/gate_check.py`` shows it on the task `ci`.

Three copies of the sources are installed beside each other: as they are; with a GRIDS that tries
one candidate a step instead of 32 (worse); with a GRIDS that asks the dense mask path (slower).
Each is run by real processes and compared with a baseline that the unchanged copy saved.

- Worse: three times, with other seeds each time, first those of the baseline.
- Slower: three times, with the baseline's seeds; once more by seconds alone.
- Unchanged: ten times with the baseline's seeds, then as many times with other seeds each time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("xbench", "methods", "datasets", "tasks", "leaderboard", "pyproject.toml", "README.md")
NO_SOURCES = shutil.ignore_patterns("__pycache__", "published", "*.egg-info")

Edit = tuple[str, str, str]
EDITS: dict[str, tuple[Edit, ...]] = {
    "unchanged": (),
    "worse": (("methods/grids.py", "candidates: int = 32", "candidates: int = 1"),),
    "slower": (
        (
            "methods/grids.py",
            "from xbench import Explainer,",
            "import dataclasses\n\nfrom xbench.mask.dense import DensePopulation\n"
            "from xbench import Explainer,",
        ),
        (
            "methods/grids.py",
            "        generator = problem.generator()\n        ends: list",
            "        model = problem.model\n"
            "        dense = DensePopulation(\n"
            "            model.model, problem.inputs, problem.objective, model._wanted.tolist(),\n"
            "            problem.perturbation, counts=problem.counts,\n"
            "        )\n"
            "        problem = dataclasses.replace(problem, population=dense)\n"
            "        generator = problem.generator()\n        ends: list",
        ),
    ),
}


@dataclass(frozen=True)
class Copy:
    """An installed copy of the sources, with one thing changed."""

    name: str
    place: Path

    def call(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run xbench of this copy."""
        environment = {**os.environ, "PYTHONPATH": str(self.place), "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            [sys.executable, "-m", "xbench", *map(str, arguments)],
            cwd=self.place.parent,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, store: Path, *options: object) -> None:
        """Run the task into a new store; the runs themselves have to succeed."""
        ended = self.call("run", "ci", "--store", store, *options)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def compare(self, baseline: Path, store: Path, *options: object) -> tuple[int, list[str]]:
        """Return the exit code, and the quantities that got worse."""
        report = store / "report.json"
        told = ("--store", store, "--json", report, *options)
        ended = self.call("compare", baseline, *told)
        assert ended.returncode in (0, 1), ended.stdout + ended.stderr
        gates = json.loads(report.read_text(encoding="utf-8"))["gates"]
        report.unlink()
        worse = [gate for gate in gates if gate["fails"]]
        return ended.returncode, [
            f"{gate['method']} L={gate['L']} {gate['quantity']} {gate['worse']:+.3g} "
            f"(allowed {gate['limit']:.3g})"
            for gate in worse
        ]


def install(name: str, folder: Path) -> Copy:
    """Install the sources, changed as `EDITS` says, into a folder of their own."""
    sources, place = folder / f"{name}-sources", folder / name
    if place.exists():
        return Copy(name, place)
    sources.mkdir()
    for room in ROOMS:
        path = ROOT / room
        if path.is_dir():
            shutil.copytree(path, sources / room, ignore=NO_SOURCES)
        else:
            shutil.copy(path, sources / room)
    for license_ in ROOT.glob("LICENSE*"):
        shutil.copy(license_, sources)
    for path, old, new in EDITS[name]:
        text = (sources / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path}: {old!r} is there {text.count(old)} times"
        (sources / path).write_text(text.replace(old, new), encoding="utf-8")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    options += ("--disable-pip-version-check", "--target", str(place))
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(sources)], check=True)
    copy = Copy(name, place)
    found = subprocess.run(
        [sys.executable, "-c", "import xbench; print(xbench.__file__)"],
        env={**os.environ, "PYTHONPATH": str(place)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert found.startswith(str(place)), found
    return copy


def window(number: int, size: int = 5) -> str:
    """Return the repetitions of one window, as ``--repetitions`` takes them."""
    return f"{number * size}-{(number + 1) * size - 1}"


def check_worse(folder: Path, baseline: Path, times: int) -> list[bool]:
    """Compare GRIDS with one candidate; windows of one run have seeds of their own."""
    copy, store = install("worse", folder), folder / "worse-runs"
    copy.run(store, "--seeds", 5 * times)
    caught = []
    for number in range(times):
        # By metrics alone: fewer candidates are fewer evaluations, too.
        told = ("--repetitions", window(number), "--fail-on", "metrics")
        code, worse = copy.compare(baseline, store, *told)
        caught.append(code == 1 and any(line.startswith("grids ") for line in worse))
        report(f"worse, repetitions {window(number)}", code, worse)
    return caught


def check_slower(folder: Path, baseline: Path, times: int) -> list[bool]:
    """Compare GRIDS on the dense path; caught by seconds alone, and by computed evaluations."""
    copy = install("slower", folder)
    caught = []
    for number in range(times):
        store = folder / f"slower-runs-{number}"
        copy.run(store)
        found = []
        for kind in ("seconds", "evaluations"):
            code, worse = copy.compare(baseline, store, "--fail-on", kind)
            found.append(code == 1 and any(line.startswith("grids ") for line in worse))
            report(f"slower, run {number}, {kind} alone", code, worse)
        caught.append(all(found))
    return caught


def check_unchanged(copy: Copy, folder: Path, baseline: Path, times: int) -> list[bool]:
    """Compare unchanged runs, each by processes of its own."""
    quiet = []
    for number in range(times):
        store = folder / f"unchanged-runs-{number}"
        copy.run(store)
        code, worse = copy.compare(baseline, store)
        quiet.append(code == 0)
        report(f"unchanged, run {number}", code, worse)
    return quiet


def check_other_seeds(copy: Copy, folder: Path, baseline: Path, times: int) -> list[bool]:
    """Compare unchanged runs with other seeds than the baseline's."""
    store = folder / "other-seeds-runs"
    copy.run(store, "--seeds", 5 * (times + 1))
    quiet = []
    for number in range(1, times + 1):
        code, worse = copy.compare(baseline, store, "--repetitions", window(number))
        quiet.append(code == 0)
        report(f"unchanged, repetitions {window(number)}", code, worse)
    return quiet


def report(what: str, code: int, worse: list[str]) -> None:
    """Print what one comparison found."""
    print(f"{what}: exit code {code}, {len(worse)} worse", *worse[:6], sep="\n  ", flush=True)


CHECKS = ("worse", "slower", "unchanged", "other-seeds")


def check(kind: str, folder: Path, times: int) -> list[bool]:
    """Carry out one of `CHECKS`; what an earlier one left in the folder is used again."""
    copy, baseline = install("unchanged", folder), folder / "baseline.json"
    if not baseline.exists():
        copy.run(folder / "runs")
        saved = copy.call("baseline", "save", baseline, "--store", folder / "runs")
        assert saved.returncode == 0, saved.stderr
    if kind == "worse":
        return check_worse(folder, baseline, times)
    if kind == "slower":
        return check_slower(folder, baseline, times)
    checked = check_unchanged if kind == "unchanged" else check_other_seeds
    return checked(copy, folder, baseline, times)


def main() -> int:
    """Run what is asked for; 0 where every change was caught and nothing else."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3, help="of each change")
    parser.add_argument("--unchanged", type=int, default=10, help="unchanged runs, of each kind")
    parser.add_argument("--only", choices=CHECKS, action="append", help="Repeatable.")
    parser.add_argument("--folder", type=Path, help="Kept; a temporary one where left out.")
    asked = parser.parse_args()
    results: dict[str, list[bool]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = (asked.folder or Path(name)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        for kind in asked.only or CHECKS:
            times = asked.times if kind in ("worse", "slower") else asked.unchanged
            results[kind] = check(kind, folder, times)
    for kind, found in results.items():
        wanted = "caught" if kind in ("worse", "slower") else "quiet"
        print(f"{kind}: {wanted} {sum(found)} of {len(found)} times")
    return 0 if all(all(found) for found in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
