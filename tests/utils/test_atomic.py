from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from xbench.errors import XbenchError
from xbench.utils.files import write_bytes, write_text

WRITER = """
import sys
from xbench.utils.files import write_bytes
print("ready", flush=True)
while True:
    for letter in (b"a", b"b"):
        write_bytes(sys.argv[1], letter * 300_000)
"""

LIMITED = """
import resource, signal, sys
from xbench.utils.files import write_bytes
from xbench.errors import XbenchError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_bytes(sys.argv[1], b"x" * 5000)
except XbenchError as error:
    print(error)
"""


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_replaces_the_whole_content(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folders" / "text.md"
    write_text(path, "a long first content")
    write_text(path, "Δ")
    assert path.read_bytes() == "Δ".encode()
    assert names(path.parent) == ["text.md"]


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    write_bytes(tmp_path / "ours", b"")
    (tmp_path / "usual").touch()
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_link_keeps_pointing_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "file")
    write_text(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "elsewhere" / "file").read_text() == "text"


def test_readers_see_the_old_or_the_new_and_a_kill_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"a" * 300_000)
    whole = {letter * 300_000 for letter in (b"a", b"b")}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout
        writer.stdout.readline()
        deadline = time.monotonic() + 0.5
        seen = set()
        while time.monotonic() < deadline:
            seen.add(path.read_bytes())
        writer.send_signal(signal.SIGKILL)
    assert seen == whole
    assert path.read_bytes() in whole


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"{tmp_path}: cannot write data (File too large); free some")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["data"]


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(XbenchError, match=r"file: cannot write data \(") as caught:
        write_bytes(tmp_path / "file" / "data", b"x")
    assert "\n" not in str(caught.value)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_read_only_folder_is_named(open_folder: Path, as_plain_user: Any) -> None:
    open_folder.chmod(0o555)
    with as_plain_user(), pytest.raises(XbenchError, match="may write to") as caught:
        write_bytes(open_folder / "data", b"x")
    assert str(open_folder) in str(caught.value)
    assert names(open_folder) == []


def test_a_failed_replacement_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(XbenchError, match="cannot write taken"):
        write_bytes(tmp_path / "taken", b"x")
    assert names(tmp_path) == ["taken"]
