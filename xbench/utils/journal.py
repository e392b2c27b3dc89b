"""Add lines to a file that other processes write too, and whose writers may die or run dry."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from xbench.utils.files import write_all

_BLOCK = 1 << 16


def append_line(path: Path, line: bytes, is_whole: Callable[[bytes], bool]) -> None:
    """Add a line to a file; on return it is on the disk, on an error the file is as it was.

    Bytes after the last newline are what a killed writer left. They are cut off, unless they are
    whole and lack nothing but the newline (an editor may leave a file so): then they get it. The
    caller holds the lock.

    Parameters
    ----------
    path
        The file; made where missing.
    line
        The line, without its newline.
    is_whole
        Tells whether the bytes of a last line without a newline are a line after all.

    Raises
    ------
    OSError
        Where the file cannot be written or the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "lines"
    ...     written = path.write_bytes(b"[1]~[2]~[".replace(b"~", bytes([10])))
    ...     append_line(path, b"[3]", lambda tail: tail.endswith(b"]"))
    ...     path.read_text().split()
    ['[1]', '[2]', '[3]']
    """
    with _opened(path) as descriptor:
        start, tail = _read_tail(descriptor)
        separator = b""
        if tail and is_whole(tail):
            separator, start = b"\n", start + len(tail)
        elif tail:
            os.ftruncate(descriptor, start)
        os.lseek(descriptor, start, os.SEEK_SET)
        try:
            write_all(descriptor, separator + line + b"\n")
        except BaseException:
            # A full disk, or Ctrl-C between two writes: nothing half-written stays.
            os.ftruncate(descriptor, start)
            raise


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Open a file for reading and writing, made where missing."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read_tail(descriptor: int) -> tuple[int, bytes]:
    """Return where the bytes after the last newline start, and these bytes."""
    position = os.lseek(descriptor, 0, os.SEEK_END)
    tail = b""
    while position > 0:
        size = min(_BLOCK, position)
        position -= size
        tail = os.pread(descriptor, size, position) + tail
        if (newline := tail.rfind(b"\n")) >= 0:
            return position + newline + 1, tail[newline + 1 :]
    return 0, tail
