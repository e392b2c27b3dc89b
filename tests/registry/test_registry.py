from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from xbench.errors import XbenchError
from xbench.registry.find import (
    KINDS,
    dataset_source,
    entries,
    explainer_class,
    find,
    load,
)
from xbench.registry.scan import Entry, scan_file, scan_folder

NAMES = """
import os
raise RuntimeError("reading must not run this")

class Plain:
    '''Plain assignment.'''
    name = "plain"

class Annotated:
    '''Annotated assignment.'''
    name: str = "annotated"

class _Private:
    name = "private"

class Computed:
    name = "comp" + "uted"

class NoName:
    '''No name.'''

class Number:
    name = 3

class Outer:
    class Inner:
        name = "inner"

def function():
    class Local:
        name = "local"
"""


# What is installed


@pytest.mark.parametrize("kind", KINDS)
def test_installed_names_are_sorted_unique_and_described(kind: str) -> None:
    found = entries(kind)
    names = [entry.name for entry in found]
    assert len(set(names)) == len(names)
    assert names == sorted(names)
    for entry in found:
        assert entry.kind == kind
        assert entry.name
        assert entry.summary, f"{entry.location}: {entry.name} has no docstring"
        assert entry.source == "entry point" or Path(entry.location).is_file()


def test_listing_imports_nothing_heavy() -> None:
    code = """
        import sys
        from xbench.registry.find import KINDS, entries
        assert sum(len(entries(kind)) for kind in KINDS) >= 15
        heavy = {"torch", "numpy", "pandas", "pydantic", "captum", "sklearn", "scipy", "anndata"}
        leaves = [name for name in sys.modules if name.startswith("xbench.methods.")]
        assert not heavy & set(sys.modules) and not leaves, (heavy & set(sys.modules), leaves)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


def test_unknown_kinds_and_names_get_the_nearest(folder: Path) -> None:
    with pytest.raises(XbenchError, match=r"unknown kind 'methods'. Nearest: method"):
        entries("methods")
    with pytest.raises(XbenchError, match=r"unknown method 'mien'. Nearest: mine. Valid methods"):
        find("method", "mien", [folder])
    with pytest.raises(XbenchError, match=r"unknown method 'rando'. Nearest: random"):
        explainer_class("rando")
    with pytest.raises(XbenchError, match=r"unknown dataset 'mnist'"):
        dataset_source("mnist")


def test_built_in_classes_are_loaded_by_name() -> None:
    assert explainer_class("random").__module__ == "xbench.methods.random"
    assert type(dataset_source("mnist-binary")).__module__ == "xbench.datasets.mnist_binary"


# Reading files


def test_a_folder_is_read_without_running_it(folder: Path) -> None:
    (entry,) = entries("method", [folder])
    path = str(folder / "mine.py")
    assert entry == Entry("method", "mine", "My method.", path, "Mine", "file")


def test_what_counts_as_a_name(tmp_path: Path) -> None:
    (tmp_path / "names.py").write_text(NAMES)
    found = scan_file("method", tmp_path / "names.py", "file")
    assert [(entry.name, entry.class_name) for entry in found] == [
        ("plain", "Plain"),
        ("annotated", "Annotated"),
    ]


def test_two_of_one_name_are_refused_and_both_files_named(folder: Path, mine: str) -> None:
    (folder / "again.py").write_text(mine)
    with pytest.raises(XbenchError, match="two methods are named 'mine'") as caught:
        entries("method", [folder])
    assert str(folder / "again.py") in str(caught.value)
    assert str(folder / "mine.py") in str(caught.value)


def test_a_file_with_a_syntax_error_is_named_with_its_line(folder: Path) -> None:
    (folder / "broken.py").write_text("x = 1\ny = (\n")
    with pytest.raises(XbenchError, match=r"broken.py:2: is not valid Python \("):
        entries("method", [folder])


@pytest.mark.parametrize("content", [b"\x00\x00", b'x = "\xff"\n'])
def test_a_file_that_is_no_text_is_named(folder: Path, content: bytes) -> None:
    (folder / "broken.py").write_bytes(content)
    with pytest.raises(XbenchError, match=r"broken.py.*is not (valid )?Python"):
        entries("method", [folder])


def test_a_broken_task_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("name = ")
    with pytest.raises(XbenchError, match=r"broken.toml: is not valid TOML"):
        entries("task", [tmp_path])


def test_a_description_is_told_instead_of_the_docstring(tmp_path: Path) -> None:
    told = 'class Told:\n    "A class."\n    name = "told"\n    description = "What " "it is."\n'
    (tmp_path / "told.py").write_text(told)
    (entry,) = entries("metric", [tmp_path])
    assert (entry.name, entry.class_name, entry.summary) == ("told", "Told", "What it is.")


def test_tasks_are_no_classes() -> None:
    with pytest.raises(ValueError, match="a task is no class: quick"):
        load(find("task", "quick"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "task"])
def test_the_heads_of_our_classes_say_what_whole_files_say(kind: str) -> None:
    """Start-up reads no bodies of methods in our own files; nothing of theirs may be missed."""
    found = entries(kind)
    whole = [
        entry
        for path in dict.fromkeys(Path(one.location).parent for one in found)
        for entry in scan_folder(kind, path, "file")
    ]
    assert {replace(one, source="file") for one in found} == set(whole)
