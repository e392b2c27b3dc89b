from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
import torch

import xbench
from xbench.utils.provenance import git_commit, versions


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "code.py").write_text("x = 1")
    name = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
    for command in (["init", "-q"], ["add", "."], [*name, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    return folder


def test_versions_are_those_that_run() -> None:
    assert versions() == {
        "xbench": xbench.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
    }


def test_versions_do_not_import_torch() -> None:
    code = (
        "import sys, xbench.utils.provenance as p; p.versions(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_commit_says_when_files_were_changed(checkout: Path) -> None:
    commit = git_commit(checkout)
    assert commit is not None
    assert len(commit) == 40
    (checkout / "notes.txt").write_text("not tracked")
    assert git_commit(checkout) == commit
    (checkout / "code.py").write_text("x = 2")
    assert git_commit(checkout) == f"{commit}-dirty"


def test_another_repository_of_a_hook_is_not_mistaken(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = git_commit(checkout)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert git_commit(checkout) == commit


def test_a_folder_inside_of_a_checkout_is_none(checkout: Path) -> None:
    (checkout / "site-packages").mkdir()
    assert git_commit(checkout / "site-packages") is None


def test_failing_git_is_no_failure(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / ".git" / "HEAD").write_text("nonsense")
    assert git_commit(checkout) is None
    monkeypatch.setenv("PATH", "")
    assert git_commit(checkout) is None


def test_the_commit_of_xbench_itself() -> None:
    top = Path(xbench.__file__).parent.parent
    if not (top / ".git").exists():
        pytest.skip("xbench does not run from a checkout")
    head = subprocess.run(
        ["git", "-C", str(top), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    assert (git_commit() or "").removesuffix("-dirty") == head
