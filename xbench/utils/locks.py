"""One lock for every file that several processes, or threads of one, may write or make."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

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
