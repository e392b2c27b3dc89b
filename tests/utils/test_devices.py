"""Writing to what is no file, sweeping what killed writers left, and exchanging folders."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from xbench.utils.files import replace_folder, write_bytes, write_text
from xbench.utils.temporaries import sweep, temporary_beside

WRITE = "import sys; from xbench.utils.files import write_text; write_text(sys.argv[1], 'text')"


def test_devices_are_written_to_and_stay_devices(tmp_path: Path) -> None:
    write_text("/dev/null", "text")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    (tmp_path / "link").symlink_to("/dev/null")
    write_text(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert stat.S_ISCHR((tmp_path / "link").stat().st_mode)


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_bytes(tmp_path / "pipe", b"x" * 200_000)
    reader.join(30)
    assert read == [b"x" * 200_000]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_the_standard_output_is_written_to_wherever_it_goes(path: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITE + "; print(' and more')", path]
    piped = subprocess.run(command, capture_output=True, text=True, check=True)
    assert piped.stdout == "text and more\n"
    with (tmp_path / "file").open("w") as file:
        file.write("before ")
        file.flush()
        inode = os.fstat(file.fileno()).st_ino
        subprocess.run(command, stdout=file, check=True)
    assert (tmp_path / "file").read_text() == "before text and more\n"
    assert (tmp_path / "file").stat().st_ino == inode


def test_process_substitution_works(tmp_path: Path) -> None:
    line = f'{sys.executable} -c "{WRITE}" >(cat > {tmp_path}/got); sleep 1'
    subprocess.run(["bash", "-c", line], check=True)
    assert (tmp_path / "got").read_text() == "text"


def test_what_killed_writers_left_is_swept_and_what_living_ones_write_is_not(
    tmp_path: Path,
) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    living = temporary_beside(tmp_path / "table.md")
    left = living.with_name(living.name.replace(f".{os.getpid()}-", f".{dead.pid}-"))
    others = [
        left.with_name(left.name.replace("table", "other")),
        tmp_path / ".table.md.mine.tmp",
        # Of another machine or container: nobody here knows whether its process lives.
        tmp_path / f".table.md.{dead.pid}-{'0' * 8}.tmp",
    ]
    for path in (left, living, *others):
        path.touch()
    folder = left.with_name(left.name[: -len("0000.tmp")] + "0000.tmp")
    folder.mkdir()
    (folder / "part").touch()
    write_text(tmp_path / "table.md", "text")
    assert not left.exists()
    assert not folder.exists()
    assert all(path.exists() for path in (living, *others))
    for path in (living, others[-1]):
        os.utime(path, (0, 0))
    sweep(tmp_path, ".table.md.")
    assert not living.exists()
    assert [path.exists() for path in others] == [True, True, False]


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no /dev/shm")
def test_files_in_shared_memory_are_files_like_all() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for text in ("one\n", "two\n"):
            write_text(Path(folder) / "file", text)
        assert (Path(folder) / "file").read_text() == "two\n"


def test_a_folder_takes_the_place_of_another_whole(tmp_path: Path) -> None:
    """Whoever looks meanwhile always finds one of the two, complete."""
    place, stopped = tmp_path / "place", threading.Event()
    looks: list[set[str]] = []

    def make(number: int) -> Path:
        new = temporary_beside(place)
        new.mkdir()
        for part in ("a", "b"):
            (new / part).write_text(str(number))
        return new

    def look() -> None:
        while not stopped.is_set():
            descriptor = os.open(place, os.O_RDONLY)
            looks.append(set(os.listdir(descriptor)))  # noqa: PTH208
            os.close(descriptor)

    replace_folder(make(0), place)
    looker = threading.Thread(target=look)
    looker.start()
    for number in range(1, 100):
        replace_folder(make(number), place)
    stopped.set()
    looker.join()
    assert (place / "a").read_text() == "99"
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
    # The one that a look began with may be removed while it is listed, but a new one is whole.
    assert {"a", "b"} in looks
