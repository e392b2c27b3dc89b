"""The wheel holds everything xbench needs, and works from any folder without the sources."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from ..benchmark.workbench import cache

__all__ = ["cache"]

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {"datasets": "npz", "leaderboard": "py", "methods": "py", "tasks": "toml"}
# Where no git lists what is tracked: what certainly is no source. Only at the top, as xbench has
# rooms of its own with such names (xbench/results).
NO_SOURCES = shutil.ignore_patterns("*.egg-info", "__pycache__", ".*_cache")
NO_SOURCES_AT_THE_TOP = {".git", ".venv", ".benchmarks", ".hypothesis", "build", "dist", "results"}


def _no_sources(folder: str, names: list[str]) -> set[str]:
    at_the_top = NO_SOURCES_AT_THE_TOP if Path(folder) == ROOT else set()
    return NO_SOURCES(folder, names) | at_the_top


def _call(*command: object, cwd: Path, **variables: str) -> str:
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the sources, so that nothing built earlier gets into it."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = Path(shutil.copytree(ROOT, folder / "sources", ignore=_no_sources))
    options = ("--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    _call(sys.executable, "-m", "pip", "wheel", *options, "-w", folder, sources, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The folder of commands of a fresh environment that has the wheel, and borrows the rest."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    commands = folder / "bin"
    own = _call(
        commands / "python", "-c", "import site; print(site.getsitepackages()[0])", cwd=folder
    )
    with_pip = [sys.executable, "-m", "pip", "--python", commands / "python"]
    options = ("--no-deps", "--no-index", "--disable-pip-version-check")
    _call(*with_pip, "install", *options, wheel, cwd=folder)
    # After its own packages, so that the wheel's xbench comes before an editable one. A line of a
    # .pth file, unlike site.addsitedir, does not read the .pth files (editable installs) there.
    # Of an environment that borrows itself, so do the folders that it borrows from.
    places = [place for place in sys.path if Path(place).name in {"site-packages", "dist-packages"}]
    borrowed = "".join(f"{place}\n" for place in dict.fromkeys(site.getsitepackages() + places))
    Path(own.strip(), "borrowed.pth").write_text(borrowed, encoding="utf-8")
    return commands


def test_the_wheel_holds_code_data_and_tasks_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    sources = {f"xbench/{path.relative_to(ROOT / 'xbench')}" for path in _python(ROOT / "xbench")}
    for room in ROOMS:
        sources |= {
            f"xbench/{room}/{path.relative_to(ROOT / room)}" for path in _python(ROOT / room)
        }
    tasks = {f"xbench/tasks/{path.name}" for path in (ROOT / "tasks").glob("*.toml")}
    papers = {f"xbench/leaderboard/paper/table{number}.csv" for number in (1, 2, 3)}
    site = ROOT / "leaderboard" / "site"
    pages = {
        f"xbench/{path.relative_to(ROOT)}"
        for path in site.rglob("*")
        if path.suffix in (".html", ".css", ".js")
    }
    assert len(pages) > 10
    data = (
        papers
        | pages
        | {
            "xbench/datasets/mnist_binary.npz",
            "xbench/surrogates/evaluation/report_page.html",
        }
    )
    assert "xbench/methods/grids.py" in sources
    assert "xbench/tasks/quick.toml" in tasks
    assert sources | tasks | data <= names
    packages = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert packages == {"xbench"}
    assert not any("test" in Path(name).parts[:-1] or "/tests/" in name for name in names)
    assert not any(name.startswith("xbench/leaderboard/published/") for name in names)


def _python(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.py") if "__pycache__" not in path.parts]


def test_the_distribution_has_a_free_name_and_the_command_stays(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        (points,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert "\nName: xbench-explain\n" in archive.read(metadata).decode()
        assert "xbench = xbench.cli:main" in archive.read(points).decode()


# A new environment compiles all of xbench. By default the wheel alone is looked into, above.
@pytest.mark.slow
def test_the_installed_wheel_lists_and_runs_from_another_folder(
    installed: Path, tmp_path: Path, cache: Path
) -> None:
    where = "import xbench, xbench.methods; print(xbench.__file__, *xbench.methods.__path__)"
    home = str(installed.parent)
    for place in _call(installed / "python", "-c", where, cwd=tmp_path).split():
        assert place.startswith(home)
    listed = _call(installed / "xbench", "list", cwd=tmp_path)
    for name in ("grids", "mnist-binary", "snare-cortex", "table1", "cross-modality"):
        assert f"  {name} " in listed
    # The surrogate that other tests use too: what trains it is asked for file by file above.
    variables = {"XBENCH_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    options = ("--methods", "random", "--jobs", "1", "--store", tmp_path / "store")
    shown = _call(installed / "xbench", "run", "quick", *options, cwd=tmp_path, **variables)
    assert "random" in shown
    assert (tmp_path / "store" / "runs.jsonl").read_text().count('"status": "ok"') == 1
    out = _call(installed / "xbench", "leaderboard", "--store", "store", cwd=tmp_path)
    assert "results.csv" in out
