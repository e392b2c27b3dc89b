"""Downloads that cannot be: wrong bytes, refusals, no network, no space."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from xbench.data.download.fetch import fetch_file, part_of
from xbench.data.download.transmission import RemoteFile

from .downloading import CONTENT, SIZE, TEN, Heard, folder, names, own_cache, refused, server
from .file_server import FileServer, registered

__all__ = ["folder", "own_cache", "server"]


def test_wrong_bytes_are_thrown_away(server: FileServer, folder: Path) -> None:
    file = registered(server, CONTENT)
    server.behaviour.content = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    line = refused(file, folder)
    assert f"what {server.address} sent does not have the registered sha256" in line
    assert "it was thrown away" in line
    assert names(folder) == []
    server.behaviour.content = CONTENT
    assert fetch_file(file, folder).read_bytes() == CONTENT


def test_a_resumed_file_with_a_wrong_checksum_is_thrown_away(
    server: FileServer, folder: Path
) -> None:
    folder.mkdir()
    file, part = registered(server, CONTENT), part_of(folder / "matrix.h5")
    for spoilt in (bytes(1000), bytes(SIZE)):
        part.write_bytes(spoilt)
        line = refused(file, folder)
        assert "sent put together from several connections does not have" in line
        assert names(folder) == []
    assert server.behaviour.asked == ["bytes=1000-"]
    assert fetch_file(file, folder).read_bytes() == CONTENT


def test_what_a_wrong_checksum_is_blamed_on(server: FileServer, folder: Path) -> None:
    file, together = registered(server, bytes(SIZE)), "put together from several connections"
    server.behaviour.cuts = [TEN]
    assert together in refused(file, folder)
    part_of(folder / "matrix.h5").write_bytes(bytes(TEN))
    server.behaviour.ranges = False
    assert together not in refused(file, folder)


def test_a_file_of_another_length_is_not_begun(server: FileServer, folder: Path) -> None:
    file = registered(server, CONTENT)
    server.behaviour.content = CONTENT + b"more"
    line = refused(file, folder)
    assert "offers 3,000,004 bytes, not the registered 3,000,000: the file there has" in line
    server.behaviour.says_length = False
    server.behaviour.content = 5 * CONTENT
    heard = Heard()
    assert "sends more than the registered size" in refused(file, folder, heard)
    # It does not wait for an end that may never come.
    assert max(heard.received_bytes) <= SIZE
    assert names(folder) == []


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (404, "it may have moved: look for it on its page"),
        (403, "it may have moved: look for it on its page"),
        (503, "the server is busy or broken: wait and run the same command again"),
        (429, "the server is busy or broken: wait and run the same command again"),
    ],
)
def test_a_refusal_by_the_server(
    server: FileServer, folder: Path, status: int, advice: str
) -> None:
    server.behaviour.status = status
    line = refused(registered(server, CONTENT), folder)
    assert line.startswith(f"matrix.h5: {server.address} answers {status} (")
    assert advice in line
    assert f"put http://{server.address}/matrix.h5 into {folder} by other means" in line


def test_no_network_keeps_the_part(folder: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        file = RemoteFile("matrix.h5", f"http://{address}/matrix.h5", SIZE, "sha256:00")
        folder.mkdir()
        part_of(folder / "matrix.h5").write_bytes(CONTENT[:1000])
        line = refused(file, folder)
    assert line.startswith(f"matrix.h5: no connection to {address} (")
    assert "Connection refused" in line
    assert "check the network and run the same command again" in line
    assert part_of(folder / "matrix.h5").read_bytes() == CONTENT[:1000]


def test_too_little_space_is_said_before_anything_is_asked(
    server: FileServer, folder: Path
) -> None:
    free = shutil.disk_usage(folder.parent).free
    huge = RemoteFile("matrix.h5", f"http://{server.address}/", 10 * free, "sha256:00")
    line = refused(huge, folder)
    assert line.startswith(f"{folder}: matrix.h5 needs ")
    assert "are free; free some space or set XBENCH_DATA to another folder" in line
    assert server.behaviour.asked == []


def test_space_is_needed_for_what_is_missing_only(server: FileServer, folder: Path) -> None:
    folder.mkdir()
    size = shutil.disk_usage(folder).free + 10**9
    with part_of(folder / "matrix.h5").open("wb") as part:
        # All but 1,000 bytes are here: a hole, which takes no space.
        part.truncate(size - 1000)
    server.behaviour.status = 404
    file = RemoteFile("matrix.h5", f"http://{server.address}/", size, "sha256:00")
    assert " answers 404 " in refused(file, folder)


def test_a_folder_that_cannot_be_made(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = refused(registered(server, CONTENT), tmp_path / "file" / "data")
    assert "cannot write matrix.h5 (Not a directory)" in line
