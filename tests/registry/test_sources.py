"""Which files a method is made of: its own, and what it imports of its own package or folder."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from xbench.errors import XbenchError
from xbench.registry.find import (
    entries,
    explainer_class,
    find,
    load,
    method_version,
    source_files,
)
from xbench.registry.sources import digest_of_files, own_sources


def write(folder: Path, **texts: str) -> Path:
    """Write files named by path, with ``__`` for a folder; the first is returned."""
    paths = []
    for name, text in texts.items():
        paths.append(folder.joinpath(*name.split("__")).with_suffix(".py"))
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        paths[-1].write_text(text)
    return paths[0]


def names(paths: list[Path], folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


@pytest.fixture(autouse=True)
def own_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """What a test puts on the path, or imports from its folder, is gone after it."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        # A library of C cannot be imported a second time.
        if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]


def test_modules_beside_a_file_count_whatever_way_they_are_imported(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        mine="import one, os.path\nfrom two import x\n\ndef later():\n    from parts import deep\n",
        one="import three",
        two="x = 1",
        three="import one  # A circle.",
        parts__init="",
        parts__deep="from . import near\nfrom .near import y\nfrom .. import four",
        parts__near="y = 1",
        parts__unused="",
        unused="",
        four="",
    )
    (tmp_path / "parts" / "init.py").rename(tmp_path / "parts" / "__init__.py")
    found = names(own_sources(file), tmp_path)
    wanted = ["four.py", "one.py", "parts/__init__.py", "parts/deep.py", "parts/near.py"]
    assert found == ["mine.py", *wanted, "three.py", "two.py"]


def test_installed_libraries_do_not_count_even_beside_files_of_their_names(tmp_path: Path) -> None:
    text = "import numpy as np, torch, json\nfrom xbench import Explainer\nfrom scipy import sparse"
    other = {"numpy": "", "json": "", "xbench__init": "", "scipy__sparse": ""}
    file = write(tmp_path, mine=text, **other)
    (tmp_path / "xbench" / "init.py").rename(tmp_path / "xbench" / "__init__.py")
    assert own_sources(file) == [file]


def test_of_an_installed_package_its_own_imported_files_count(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        lab__methods__mine="from ..tools import fit\nimport lab.extra\nimport beside\n",
        lab__methods__other="",
        lab__tools="from lab import shared",
        lab__shared="",
        lab__extra="",
        beside="",
    )
    for folder in ("lab", "lab/methods"):
        (tmp_path / folder / "__init__.py").write_text("")
    found = names(own_sources(file, "lab.methods.mine"), tmp_path)
    assert found[0] == "lab/methods/mine.py"
    assert found[1:] == [
        "lab/__init__.py",
        "lab/extra.py",
        "lab/methods/__init__.py",
        "lab/shared.py",
        "lab/tools.py",
    ]


def test_the_digest_changes_with_every_file_and_with_where_it_lies(tmp_path: Path) -> None:
    file = write(tmp_path, mine="import one", one="a = 1")
    alone = digest_of_files([file])
    assert alone == hashlib.sha256(b"import one").hexdigest()[:16]
    digests = {alone, digest_of_files(own_sources(file))}
    (tmp_path / "one.py").write_text("a = 2")
    digests.add(digest_of_files(own_sources(file)))
    (tmp_path / "one.py").unlink()
    write(tmp_path, one__init="a = 2")
    (tmp_path / "one" / "init.py").rename(tmp_path / "one" / "__init__.py")
    digests.add(digest_of_files(own_sources(file)))
    assert len(digests) == 4
    # Of the same files elsewhere it is the same.
    copy = tmp_path / "copy"
    write(copy, mine="import one", one__init="a = 2")
    (copy / "one" / "init.py").rename(copy / "one" / "__init__.py")
    assert digest_of_files(own_sources(copy / "mine.py")) in digests


def test_a_built_in_method_is_its_own_file() -> None:
    entry = find("method", "lime")
    assert source_files(entry) == [Path(entry.location)]


METHOD = """
from xbench import Explainer
from helper_of_mine import DEPTH

class Mine(Explainer):
    '''Uses a module beside it.'''
    name = "mine"
    version = 3
    depth: int = DEPTH
"""


def test_a_method_may_import_a_module_beside_it_and_an_edited_one_is_read_again(
    tmp_path: Path,
) -> None:
    file = write(tmp_path, mine=METHOD, helper_of_mine="DEPTH = 3")
    before = explainer_class(file)
    assert before().parameters() == {"depth": 3}
    assert explainer_class(file) is before
    write(tmp_path, helper_of_mine="DEPTH = 40")
    assert explainer_class(file)().parameters() == {"depth": 40}


def test_a_module_edited_within_a_second_to_the_same_length_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = write(tmp_path, mine=METHOD, helper_of_mine="DEPTH = 3")
    helper = tmp_path / "helper_of_mine.py"
    times = (10**9, 10**9)
    for depth in (3, 4):
        helper.write_text(f"DEPTH = {depth}", "utf-8")
        os.utime(helper, times)
        assert explainer_class(file)().parameters() == {"depth": depth}
        # What Python keeps is what it would take for the edited one.
        assert Path(cache_from_source(str(helper))).exists()


def test_modules_of_one_name_in_two_folders_do_not_mix(tmp_path: Path) -> None:
    files = []
    for depth in (1, 22, 333):
        folder = tmp_path / str(depth)
        files.append(write(folder, mine=METHOD, helper_of_mine=f"DEPTH = {depth}"))
    loaded = [explainer_class(file)().parameters()["depth"] for file in (*files, *files)]
    assert loaded == [1, 22, 333, 1, 22, 333]


def test_a_module_beside_a_method_hides_no_library(tmp_path: Path) -> None:
    text = METHOD.replace("helper_of_mine", "colorsys").replace("DEPTH", "rgb_to_hls")
    text = text.replace("int = rgb_to_hls", "str = rgb_to_hls.__name__")
    file = write(tmp_path, mine=text, colorsys="rgb_to_hls = int")
    assert explainer_class(file)().parameters() == {"depth": "rgb_to_hls"}


def test_the_version_is_read_and_inherited(tmp_path: Path) -> None:
    file = write(tmp_path, mine=METHOD, helper_of_mine="DEPTH = 3")
    with file.open("a") as more:
        more.write("\nclass Heir(Mine):\n    name = 'heir'\n")
    mine, heir = (find("method", name, [tmp_path]) for name in ("mine", "heir"))
    assert (mine.version, heir.version) == (3, 1)
    assert [method_version(entry) for entry in (mine, heir)] == [3, 3]


def test_built_in_methods_declare_their_versions_in_their_own_class() -> None:
    for entry in entries("method"):
        assert load(entry).version == entry.version


@pytest.mark.parametrize("version", ["'2'", "0", "True", "1.5"])
def test_a_version_is_a_whole_number_from_1(tmp_path: Path, version: str) -> None:
    text = METHOD.replace("version = 3", f"version = {version}")
    write(tmp_path, mine=text, helper_of_mine="DEPTH = 3")
    with pytest.raises(XbenchError, match=r"method 'mine' has version .*; give a whole number"):
        method_version(find("method", "mine", [tmp_path]))


def test_a_method_that_cannot_be_imported_has_the_version_that_its_file_shows(
    tmp_path: Path,
) -> None:
    write(tmp_path, mine=METHOD)
    assert method_version(find("method", "mine", [tmp_path])) == 3
