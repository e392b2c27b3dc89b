"""A folder that is replaced is whole after a kill, also where two names cannot be exchanged."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from xbench.utils import files
from xbench.utils.files import bring_back, replace_folder


def folder(path: Path, content: str) -> Path:
    path.mkdir()
    (path / "weights").write_text(content)
    return path


def killed_after(renames: int, new: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace a folder on a system without an exchange, and be killed after so many renames."""
    monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    child = os.fork()
    if child == 0:
        rename, done = Path.replace, 0

        def counted(path: Path, target: Any) -> Path:
            nonlocal done
            if done == renames:
                os.kill(os.getpid(), signal.SIGKILL)
            done += 1
            return rename(path, target)

        Path.replace = counted  # type: ignore[method-assign]
        files.shutil.rmtree = lambda path, **_: (
            done == renames and os.kill(os.getpid(), signal.SIGKILL)
        )
        replace_folder(new, place)
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize(("renames", "found"), [(0, "old"), (1, "old"), (2, "new")])
def test_a_kill_between_two_renames_leaves_a_version(
    renames: int, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder(tmp_path / "surrogate", "old")
    killed_after(renames, folder(tmp_path / "fresh", "new"), place, monkeypatch)
    assert place.exists() == (renames != 1)
    bring_back(place, seconds=0)
    assert (place / "weights").read_text() == found
    # The next writer leaves nothing of it.
    replace_folder(folder(tmp_path / "newer", "newer"), place)
    assert (place / "weights").read_text() == "newer"
    assert {path.name for path in tmp_path.iterdir()} <= {"surrogate", "fresh"}


def test_a_living_writer_is_waited_for(tmp_path: Path) -> None:
    place = folder(tmp_path / "surrogate", "new")
    aside = folder(tmp_path / ".surrogate.old", "old")
    bring_back(place)
    assert (place / "weights").read_text() == "new"
    assert aside.exists()


def test_nothing_is_brought_back_where_nothing_was(tmp_path: Path) -> None:
    bring_back(tmp_path / "surrogate")
    assert list(tmp_path.iterdir()) == []
