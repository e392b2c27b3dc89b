"""Downloads by other processes: two at once, killed half way, on a disk that is full."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from xbench.data.download.fetch import fetch_file, part_of
from xbench.data.download.transmission import RemoteFile

from .downloading import CONTENT, SIZE, names, own_cache
from .file_server import FileServer, registered, serving

__all__ = ["own_cache"]

SCRIPT = """
import resource, signal, sys
from pathlib import Path
from xbench.data.download.fetch import fetch_file
from xbench.data.download.transmission import RemoteFile
from xbench.errors import XbenchError
from xbench.utils.progress import Progress

class Saying(Progress):
    def said(self, line):
        print(line, flush=True)

name, url, size, checksum, folder, limit = sys.argv[1:]
if int(limit):
    # Writing on fails as on a full disk, instead of ending the process.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    fetch_file(RemoteFile(name, url, int(size), checksum), Path(folder), Saying())
    print("done", flush=True)
except XbenchError as error:
    print(error, flush=True)
"""


@pytest.fixture
def slow() -> Iterator[FileServer]:
    """Sends half of the file, and the rest when told."""
    with serving(CONTENT) as running:
        running.behaviour.go_on = threading.Event()
        yield running


def start(file: RemoteFile, folder: Path, limit: int = 0) -> subprocess.Popen[str]:
    arguments = [file.name, file.url, str(file.size), file.checksum, str(folder), str(limit)]
    command = [sys.executable, "-c", SCRIPT, *arguments]
    # Nothing that a library says on standard error may come between the lines.
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, text=True, **both)


def test_two_processes_get_a_file_once(slow: FileServer, tmp_path: Path) -> None:
    file = registered(slow, CONTENT)
    with start(file, tmp_path) as first:
        assert slow.behaviour.half_sent.wait(30)
        with start(file, tmp_path) as second:
            assert second.stdout is not None
            waiting = second.stdout.readline()
            assert waiting == "matrix.h5: another process gets it; waiting\n"
            # Time for it to ask after all, if it does not really wait.
            time.sleep(1)
            assert slow.behaviour.go_on is not None
            slow.behaviour.go_on.set()
            assert second.communicate(timeout=30)[0] == "done\n"
        assert first.communicate(timeout=30)[0] == "done\n"
    assert slow.behaviour.asked == [None]
    assert (tmp_path / "matrix.h5").read_bytes() == CONTENT


def test_a_killed_download_is_gone_on_with(slow: FileServer, tmp_path: Path) -> None:
    file, folder = registered(slow, CONTENT), tmp_path / "data"
    part = part_of(folder / file.name)
    with start(file, folder) as process:
        assert slow.behaviour.half_sent.wait(30)
        # The client writes by the megabyte: one of the one and a half that were sent.
        until = time.monotonic() + 30
        while not (part.exists() and part.stat().st_size) and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    kept = part.stat().st_size
    assert 0 < kept < SIZE
    assert part.read_bytes() == CONTENT[:kept]
    assert not (folder / file.name).exists()
    slow.behaviour.go_on.set()  # type: ignore[union-attr]
    slow.behaviour.asked.clear()
    # Its lock went with it.
    assert fetch_file(file, folder).read_bytes() == CONTENT
    assert slow.behaviour.asked == [f"bytes={kept}-"]


def test_a_disk_that_runs_full_keeps_the_part(tmp_path: Path) -> None:
    with serving(CONTENT) as server:
        file, folder = registered(server, CONTENT), tmp_path / "data"
        with start(file, folder, limit=SIZE // 2) as process:
            line = process.communicate(timeout=30)[0]
        assert line.startswith(f"{folder}: cannot write matrix.h5.part (File too large); free some")
        assert "1.5 MB are kept, 1.5 MB are missing: then run it again" in line
        assert names(folder) == ["matrix.h5.part"]
        assert fetch_file(file, folder).read_bytes() == CONTENT
        assert server.behaviour.asked == [None, f"bytes={SIZE // 2}-"]
