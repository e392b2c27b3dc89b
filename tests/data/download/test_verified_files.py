"""Files that lie in the data folder already: taken after their checksum, which is computed once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xbench.data.download import fetch
from xbench.data.download.fetch import fetch_file, require_verified
from xbench.data.download.transmission import RemoteFile
from xbench.errors import XbenchError

# The MD5 of "abc" in RFC 1321; the SHA-256 in FIPS 180-4.
MD5 = "md5:900150983cd24fb0d6963f7d28e17f72"
SHA256 = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
# No server: whatever is asked of the network fails.
FILE = RemoteFile("file", "http://127.0.0.1:9/file", 3, SHA256)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path / "cache"))


def put(folder: Path, content: bytes) -> Path:
    path = folder / FILE.name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("checksum", [MD5, SHA256])
def test_a_right_file_put_there_by_hand_is_taken(tmp_path: Path, checksum: str) -> None:
    path = put(tmp_path, b"abc")
    assert fetch_file(RemoteFile("file", FILE.url, 3, checksum), tmp_path) == path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"abcd", "has 4 bytes, not the registered 3 bytes; move it away and fetch it again"),
        (b"abd", "has the sha256 a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9"),
    ],
)
def test_a_wrong_file_is_refused_and_left_alone(tmp_path: Path, content: bytes, said: str) -> None:
    path = put(tmp_path, content)
    for act in (lambda: fetch_file(FILE, tmp_path), lambda: require_verified(path, FILE)):
        with pytest.raises(XbenchError) as caught:
            act()
        assert str(caught.value).startswith(f"{path}: ")
        assert said in str(caught.value)
    assert path.read_bytes() == content


def test_a_file_is_read_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, read, checksum = put(tmp_path, b"abc"), [], fetch._checksum

    def counted(path: Path, file: RemoteFile) -> str:
        read.append(path)
        return checksum(path, file)

    monkeypatch.setattr(fetch, "_checksum", counted)
    for _ in range(3):
        require_verified(path, FILE)
    assert len(read) == 1


def test_a_change_that_hides_its_time_is_noticed(tmp_path: Path) -> None:
    path = put(tmp_path, b"abc")
    require_verified(path, FILE)
    before = path.stat()
    path.write_bytes(b"abd")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(XbenchError, match="not the registered one"):
        require_verified(path, FILE)
    # So is another file in its place.
    path.unlink()
    twin = put(tmp_path, b"abd")
    os.utime(twin, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(XbenchError, match="not the registered one"):
        require_verified(path, FILE)


def test_what_was_right_for_one_checksum_or_path_is_not_for_another(tmp_path: Path) -> None:
    path = put(tmp_path, b"abc")
    require_verified(path, FILE)
    with pytest.raises(XbenchError, match="not the registered one"):
        require_verified(path, RemoteFile("file", FILE.url, 3, SHA256[:-1] + "e"))
    (tmp_path / "other").mkdir()
    twin = put(tmp_path / "other", b"abd")
    os.utime(twin, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    with pytest.raises(XbenchError, match="not the registered one"):
        require_verified(twin, FILE)


def test_a_spoilt_note_and_a_cache_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, b"abc")
    require_verified(path, FILE)
    (note,) = (tmp_path / "cache" / "verified").iterdir()
    note.write_text("{", encoding="utf-8")
    require_verified(path, FILE)
    assert note.read_text(encoding="utf-8") != "{"
    monkeypatch.setenv("XBENCH_CACHE", str(path))
    require_verified(path, FILE)


def test_a_folder_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE.name).mkdir()
    with pytest.raises(XbenchError, match=r"file: (has|cannot be read)"):
        fetch_file(FILE, tmp_path)
