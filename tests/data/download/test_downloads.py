"""Downloads over a real loopback server: whole, cut, and gone on with."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xbench.data.download.fetch import fetch_file, part_of
from xbench.data.download.transmission import CHUNK, RESUMPTIONS
from xbench.errors import XbenchError

from .downloading import CONTENT, SIZE, TEN, Heard, folder, names, own_cache, refused, server
from .file_server import FileServer, registered

__all__ = ["folder", "own_cache", "server"]


def test_a_file_comes_whole_and_once(server: FileServer, folder: Path) -> None:
    heard, file = Heard(), registered(server, CONTENT)
    path = fetch_file(file, folder, heard)
    assert path == folder / "matrix.h5"
    assert path.read_bytes() == CONTENT
    assert names(folder) == ["matrix.h5"]
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask
    assert heard.received_bytes[0] == 0
    assert heard.received_bytes[-1] == SIZE
    assert heard.received_bytes == sorted(heard.received_bytes)
    assert fetch_file(file, folder) == path
    assert server.behaviour.asked == [None]


def test_a_cut_connection_is_gone_on_with_at_once(server: FileServer, folder: Path) -> None:
    server.behaviour.cuts = [TEN, TEN]
    heard = Heard()
    path = fetch_file(registered(server, CONTENT), folder, heard)
    assert path.read_bytes() == CONTENT
    assert server.behaviour.asked == [None, f"bytes={TEN}-", f"bytes={2 * TEN}-"]
    assert server.behaviour.sent == SIZE
    assert heard.lines == [
        "matrix.h5: cut after 655 kB of 3 MB; going on",
        "matrix.h5: cut after 1.31 MB of 3 MB; going on",
    ]


def test_what_came_is_kept_for_the_next_start(server: FileServer, folder: Path) -> None:
    # A second connection that brings nothing ends the first start.
    server.behaviour.cuts = [TEN, 0]
    file = registered(server, CONTENT)
    line = refused(file, folder)
    assert f"the connection to {server.address} was cut" in line
    assert "run the same command again, it goes on from the 655 kB kept in matrix.h5.part" in line
    assert file.url in line
    assert names(folder) == ["matrix.h5.part"]
    assert part_of(folder / "matrix.h5").read_bytes() == CONTENT[:TEN]
    server.behaviour.asked.clear()
    heard = Heard()
    assert fetch_file(file, folder, heard).read_bytes() == CONTENT
    assert server.behaviour.asked == [f"bytes={TEN}-"]
    assert heard.received_bytes[0] == TEN
    assert names(folder) == ["matrix.h5"]


def test_a_connection_cut_again_and_again_ends_the_start(server: FileServer, folder: Path) -> None:
    server.behaviour.cuts = [CHUNK] * 20
    refused(registered(server, CONTENT), folder)
    assert len(server.behaviour.asked) == RESUMPTIONS + 1
    assert part_of(folder / "matrix.h5").stat().st_size == CHUNK * (RESUMPTIONS + 1)


def test_a_body_without_a_length_that_ends_early(server: FileServer, folder: Path) -> None:
    server.behaviour.says_length = False
    server.behaviour.cuts = [SIZE // 3, 0]
    assert "was cut (it ended early)" in refused(registered(server, CONTENT), folder)
    assert fetch_file(registered(server, CONTENT), folder).read_bytes() == CONTENT


@pytest.mark.parametrize("cut", [False, True])
def test_a_server_that_ignores_ranges(server: FileServer, folder: Path, cut: bool) -> None:
    folder.mkdir()
    part_of(folder / "matrix.h5").write_bytes(CONTENT[:TEN])
    server.behaviour.ranges = False
    heard, file = Heard(), registered(server, CONTENT)
    if cut:
        server.behaviour.cuts = [CHUNK]
        assert "kept in matrix.h5.part" in refused(file, folder, heard)
        assert part_of(folder / "matrix.h5").read_bytes() == CONTENT[:CHUNK]
    assert fetch_file(file, folder, heard).read_bytes() == CONTENT
    assert server.behaviour.asked[0] == f"bytes={TEN}-"
    assert heard.lines[0] == f"matrix.h5: {server.address} cannot go on; starting over"


@pytest.mark.parametrize(
    "oddity", [{"range_status": 416}, {"content_range": f"bytes 0-{SIZE - 1}/{SIZE}"}]
)
def test_an_answer_that_does_not_fit_the_part(
    server: FileServer, folder: Path, oddity: dict[str, object]
) -> None:
    folder.mkdir()
    part_of(folder / "matrix.h5").write_bytes(CONTENT[:1000])
    for name, value in oddity.items():
        setattr(server.behaviour, name, value)
    heard = Heard()
    assert fetch_file(registered(server, CONTENT), folder, heard).read_bytes() == CONTENT
    assert server.behaviour.asked == ["bytes=1000-", None]
    assert heard.lines == [f"matrix.h5: {server.address} cannot go on; starting over"]


def test_a_whole_part_is_taken_and_a_longer_one_is_not(server: FileServer, folder: Path) -> None:
    folder.mkdir()
    file, part = registered(server, CONTENT), part_of(folder / "matrix.h5")
    part.write_bytes(CONTENT + b"more")
    fetch_file(file, folder).unlink()
    assert server.behaviour.asked == [None]
    part.write_bytes(CONTENT)
    assert fetch_file(file, folder).read_bytes() == CONTENT
    assert server.behaviour.asked == [None]


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(cuts=st.lists(st.integers(0, 4 * CHUNK), max_size=8), ranges=st.booleans())
def test_whatever_is_cut_the_file_is_whole_or_absent(
    server: FileServer, folder: Path, cuts: list[int], ranges: bool
) -> None:
    content = CONTENT[: TEN + 7]
    shutil.rmtree(folder, ignore_errors=True)
    server.behaviour.content, server.behaviour.ranges = content, ranges
    server.behaviour.cuts = list(cuts)
    for _ in range(len(cuts) + 1):
        try:
            path = fetch_file(registered(server, content), folder)
        except XbenchError:
            assert not (folder / "matrix.h5").exists()
        else:
            break
    assert path.read_bytes() == content
    assert names(folder) == ["matrix.h5"]
