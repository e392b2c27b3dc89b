"""One lock for every file that several processes, or threads of one, may write or make.

Lines are added to a journal under it, by writers that may die or run dry in the middle of one.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from xbench.utils.files import write_all

# Short beside what a lock is held for here: a line that reaches the disk, a download, a training.
_ASK_EVERY_SECONDS = 0.01


@contextmanager
def locked(path: Path, waiting: Callable[[], object] | None = None) -> Iterator[None]:
    """Hold an exclusive lock on a file (made where missing) among threads and processes.

    The operating system releases it when its owner ends, so a killed writer leaves no lock
    behind. The file itself stays: to delete it would let two hold "the" lock.

    Parameters
    ----------
    path
        The lock file; nothing is written into it.
    waiting
        Called once if another holds the lock, before it is waited for.

    Raises
    ------
    OSError
        Where the file cannot be opened for writing, or the file system has no locks.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, locked(Path(folder) / ".lock"):
    ...     [file.name for file in Path(folder).iterdir()]
    ['.lock']
    """
    # Imported here: a command that only reads takes no lock, and starts sooner without it.
    from filelock import FileLock, Timeout

    # Never the "soft" lock (a file that is there or not): it outlives a killed owner.
    lock = FileLock(
        path,
        poll_interval=_ASK_EVERY_SECONDS,
        fallback_to_soft=False,
        preserve_lock_file=True,
    )
    try:
        lock.acquire(blocking=False)
    except Timeout:
        if waiting is not None:
            waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


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


def end_of_lines(path: Path) -> int:
    """Return where the last whole line of a file ends; 0 where there is no file, or no line."""
    try:
        with path.open("rb") as file:
            return _read_tail(file.fileno())[0]
    except FileNotFoundError:
        return 0


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
