"""Methods that are no part of xbench: in a file a user points to, or in an installed package."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest

from xbench.errors import XbenchError, XbenchWarning
from xbench.registry import find as find_module
from xbench.registry.find import (
    entries,
    explainer_class,
    find,
    load,
    methods_from_file,
    source_digest,
)
from xbench.registry.scan import Entry

# A file outside


def test_a_method_from_a_file_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    loaded = explainer_class("mine.py")
    assert loaded(depth=5).parameters() == {"depth": 5}
    assert sys.modules[loaded.__module__].__dict__["Mine"] is loaded
    assert explainer_class(folder / "mine.py") is loaded


def test_an_edited_file_is_read_again(folder: Path, mine: str) -> None:
    before, digest = explainer_class(folder / "mine.py"), source_digest(find_mine(folder))
    (folder / "mine.py").write_text(mine.replace("= 3", "= 4"))
    assert explainer_class(folder / "mine.py")().parameters() == {"depth": 4}
    assert before().parameters() == {"depth": 3}
    assert source_digest(find_mine(folder)) != digest


def find_mine(folder: Path) -> Entry:
    return find("method", "mine", [folder])


def test_files_of_one_name_do_not_collide(folder: Path, mine: str) -> None:
    (folder / "other").mkdir()
    (folder / "other" / "mine.py").write_text(mine.replace("= 3", "= 9"))
    first, second = (explainer_class(folder / part) for part in ("mine.py", "other/mine.py"))
    assert (first().parameters(), second().parameters()) == ({"depth": 3}, {"depth": 9})


def test_a_file_may_define_several_methods(folder: Path, mine: str) -> None:
    other = mine.replace("Mine", "Other").replace('"mine"', '"other"')
    (folder / "two.py").write_text(mine + other.replace("from __future__ import annotations", ""))
    assert [entry.name for entry in methods_from_file(folder / "two.py")] == ["mine", "other"]
    with pytest.raises(XbenchError, match=r"several methods \(mine, other\); keep one a file"):
        explainer_class(folder / "two.py")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "mine"', "", "defines no method"),
        ("raise_here = None", "1 / 0", r"bad.py:6: cannot be imported \(ZeroDivisionError"),
        ("raise_here = None", "import nowhere", r"bad.py:6: .*No module named 'nowhere'"),
        ("raise_here = None", "def f(:", "bad.py:6: is not valid Python"),
        ("def explain(self, problem): ...", "...\ndel Mine", "has no class 'Mine'"),
    ],
)
def test_a_bad_file_is_named_in_one_line(
    tmp_path: Path, mine: str, old: str, new: str, message: str
) -> None:
    path = tmp_path / "bad.py"
    path.write_text(mine.replace(old, new))
    with pytest.raises(XbenchError, match=message) as caught:
        explainer_class(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(XbenchError, match=r"none.py: cannot be read \(No such file"):
        explainer_class(tmp_path / "none.py")


def test_a_file_that_failed_is_run_anew(folder: Path, mine: str) -> None:
    """It may have failed for a reason outside of it, such as a missing package."""
    needed = folder / "needed"
    check = f"assert __import__('os').path.exists({str(needed)!r})"
    (folder / "mine.py").write_text(mine.replace("raise_here = None", check))
    with pytest.raises(XbenchError, match="AssertionError"):
        explainer_class(folder / "mine.py")
    needed.touch()
    assert explainer_class(folder / "mine.py").__name__ == "Mine"


# Two processes that import torch. test_plugins.py has workers of xbench that load a file.
@pytest.mark.slow
def test_an_entry_is_loaded_in_a_worker_process(folder: Path) -> None:
    code = """
        import sys
        from joblib.externals.loky import get_reusable_executor
        from xbench.registry.find import load, methods_from_file

        def parameters(entry):
            return load(entry)(depth=7).parameters()

        if __name__ == "__main__":
            (entry,) = methods_from_file(sys.argv[1])
            # What joblib's Parallel works with; of one worker, as each imports torch.
            print(get_reusable_executor(max_workers=1).submit(parameters, entry).result())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(folder / "mine.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "{'depth': 7}\n", done.stderr


# Entry points


@pytest.fixture
def installed(tmp_path: Path, mine: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that declares a method, as pip would install it."""
    package = tmp_path / "site"
    declared = package / "their_lab-2.1.dist-info"
    declared.mkdir(parents=True)
    (declared / "METADATA").write_text("Metadata-Version: 2.1\nName: their-lab\nVersion: 2.1\n")
    (declared / "entry_points.txt").write_text("[xbench.methods]\ntheirs = their_lab_xyz:Mine\n")
    (package / "their_lab_xyz.py").write_text(mine)
    monkeypatch.syspath_prepend(package)
    monkeypatch.delitem(sys.modules, "their_lab_xyz", raising=False)
    return package


def test_an_entry_point_is_listed_without_importing_it(installed: Path) -> None:
    entry = find("method", "theirs")
    assert entry == Entry(
        "method", "theirs", "From their-lab 2.1.", "their_lab_xyz:Mine", "Mine", "entry point"
    )
    assert "their_lab_xyz" not in sys.modules


def test_an_entry_point_is_loaded_and_its_file_digested(installed: Path, folder: Path) -> None:
    entry = find("method", "theirs")
    assert load(entry).__module__ == "their_lab_xyz"
    assert source_digest(entry) == source_digest(find_mine(folder))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("random = their_lab_xyz:Mine", "has the name of a method of xbench"),
        ("odd = their_lab_xyz", "is not of the form module:attribute"),
        ("odd = :Mine", "is not of the form module:attribute"),
        ("odd = their-lab:Mine", "is not of the form module:attribute"),
        ("odd = a b:c d", "is not of the form module:attribute"),
    ],
)
def test_a_bad_entry_point_is_warned_of_and_left_out(installed: Path, line: str, said: str) -> None:
    declared = installed / "their_lab-2.1.dist-info" / "entry_points.txt"
    declared.write_text(f"[xbench.methods]\n{line}\ntheirs = their_lab_xyz:Mine\n")
    find_module._warn_once.cache_clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = {entry.name: entry for entry in entries("method")}
        entries("method")
    (warned,) = [one.message for one in caught if isinstance(one.message, XbenchWarning)]
    assert str(warned).startswith("their-lab 2.1: method ")
    assert said in str(warned)
    assert found["random"].source == "built-in"
    assert "odd" not in found
    assert found["theirs"].source == "entry point"


def test_two_entry_points_of_one_name_are_warned_of(installed: Path, tmp_path: Path) -> None:
    other = installed / "other_lab-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other-lab\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[xbench.methods]\ntheirs = other_xyz:Mine\n")
    find_module._warn_once.cache_clear()
    with pytest.warns(XbenchWarning, match="has the name of"):
        found = [entry.name for entry in entries("method")]
    assert found.count("theirs") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("import nowhere", r"their_lab_xyz:Mine: cannot be imported \(ModuleNotFoundError"),
        ("", "their_lab_xyz:Mine: has no class 'Mine'"),
        ("Mine = 3", "their_lab_xyz:Mine: has no class 'Mine'"),
    ],
)
def test_a_broken_entry_point_is_named(installed: Path, content: str, message: str) -> None:
    (installed / "their_lab_xyz.py").write_text(content)
    with pytest.raises(XbenchError, match=message):
        load(find("method", "theirs"))
