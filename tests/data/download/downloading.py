"""What the tests of downloads share: a file, its server, a progress that listens."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from xbench.data.download.fetch import fetch_file
from xbench.data.download.transmission import CHUNK, RemoteFile
from xbench.errors import XbenchError
from xbench.utils.progress import Progress

from .file_server import FileServer, serving

# More than the sockets' buffers; no whole number of the client's chunks.
CONTENT = random.Random(0).randbytes(3_000_000)
SIZE = len(CONTENT)
TEN = 10 * CHUNK


class Heard(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.received_bytes: list[int] = []

    def started(self, work: str, total: int, done: int = 0, unit: str = "") -> None:
        assert unit == "bytes"
        self.received_bytes.append(done)

    def advanced(self, work: str, done: int, note: str = "") -> None:
        self.received_bytes.append(done)

    def said(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(CONTENT) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def names(folder: Path) -> list[str]:
    """What lies in the folder, without locks."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def refused(file: RemoteFile, folder: Path, progress: Progress | None = None) -> str:
    with pytest.raises(XbenchError) as caught:
        fetch_file(file, folder, progress or Progress())
    assert "\n" not in str(caught.value)
    return str(caught.value)
