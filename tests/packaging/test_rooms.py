"""The rooms of the repository are packages of xbench, and no top-level names of their own."""

from __future__ import annotations

import importlib
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("datasets", "leaderboard", "methods", "tasks")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_a_package_of_xbench(room: str) -> None:
    package = importlib.import_module(f"xbench.{room}")
    assert package.__doc__
    assert [Path(place).name for place in package.__path__] == [room]


def test_every_package_is_declared() -> None:
    # setuptools is told packages by name: one that is left out is in no wheel.
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "xbench").rglob("__init__.py")
    } | {
        ".".join(("xbench", *path.parent.relative_to(ROOT).parts))
        for room in ROOMS
        for path in (ROOT / room).rglob("__init__.py")
    }
    assert set(declared["packages"]) == found
    assert len(declared["packages"]) == len(found)


def test_the_version_stands_in_one_place() -> None:
    import xbench

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in declared["project"]
    assert declared["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "xbench.__version__"}
    assert metadata.version("xbench-explain") == xbench.__version__
