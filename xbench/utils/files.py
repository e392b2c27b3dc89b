"""Files: where xbench keeps what it makes, their names, and writing them whole or not at all."""

import contextlib
import ctypes
import errno
import hashlib
import os
import re
import shutil
import stat
import sys
import time
from pathlib import Path

from xbench.errors import XbenchError
from xbench.utils.temporaries import sweep, temporary_beside

# What a system says where a disk, a quota or the largest size of a file is used up.
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write text (UTF-8) to a file, whole or not at all; see `write_bytes`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(f"{folder}/new/table.md", "one table")
    ...     Path(f"{folder}/new/table.md").read_text()
    'one table'
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write bytes to a file so that a reader sees the old content or the new, never a part.

    The bytes go to a temporary file in the same folder, reach the disk, and only then take the
    name. Missing folders are made; a symbolic link keeps pointing to the file it names. What is no
    file on a disk (``/dev/stdout``, ``/dev/null``, a pipe of ``>(...)``) is written to, never
    replaced. Temporary files that killed writers of the same file have left are removed.

    Parameters
    ----------
    path
        The file to make or replace.
    content
        Its whole content.

    Raises
    ------
    XbenchError
        Where the folder cannot be written or the disk is full. What was there stays as it was,
        and no temporary file is left.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bytes(f"{folder}/data.bin", b"123")
    ...     os.listdir(folder)
    ['data.bin']
    """
    if _is_device(path):
        _write_through(Path(path), content)
        return
    target = Path(os.path.realpath(path))
    temporary = temporary_beside(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent, f".{target.name}.")
        _write_new(temporary, content)
        temporary.replace(target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        # Gone already after the replacement; on any failure, Ctrl-C included, it goes here.
        with contextlib.suppress(OSError):
            temporary.unlink()
    sync_folder(target.parent)


def _is_device(path: str | os.PathLike[str]) -> bool:
    """Whether a path leads to something that is there and neither a file nor a folder."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return False
    if stat.S_ISREG(mode):
        # An open file of a process, such as a redirected output: its name may be anything. Other
        # files of /dev, in /dev/shm, are files like all.
        return _NAMES_OPEN_FILE.fullmatch(str(path)) is not None
    return not stat.S_ISDIR(mode)


_NAMES_OPEN_FILE = re.compile(r"/dev/(std(in|out|err)|fd/\d+)|/proc/(self|thread-self|\d+)/.+")
_OPEN_FILE = re.compile(r"/dev/(?:std(?P<name>out|err)|fd/(?P<fd>\d+))|/proc/self/fd/(?P<own>\d+)")


def _number(found: re.Match[str]) -> int:
    """Return the number of the open file that a path names."""
    if found["name"]:
        return 1 if found["name"] == "out" else 2
    return int(found["fd"] or found["own"])


def _write_through(path: Path, content: bytes) -> None:
    """Write to a device, a pipe or an open file; nothing takes its place."""
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC
    try:
        if stat.S_ISSOCK(path.stat().st_mode):
            raise OSError(errno.ENXIO, "a socket")
        # An open file of this process keeps its place in it: what is printed later comes behind.
        own = _OPEN_FILE.fullmatch(str(path))
        sys.stdout.flush()
        descriptor = os.dup(_number(own)) if own else os.open(path, flags | os.O_APPEND)
        try:
            write_bytes_to(descriptor, content)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise cannot_write(path, error) from error


def write_bytes_to(descriptor: int, content: bytes) -> None:
    """Write every byte to an open file.

    `os.write` may take fewer bytes than it is given, so it is asked until none is left.
    """
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def replace_folder(new: Path, folder: Path) -> None:
    """Let a complete new folder take the place of an old one, without a moment between.

    Where the system can exchange two names (Linux, on its own disks) it does, so that a kill at
    any time leaves a whole folder. Elsewhere the old one is moved aside first; after a kill in
    between, `bring_back` finds it there.

    Raises
    ------
    OSError
        Where it cannot; the old folder is there then.
    """
    bring_back(folder)
    if not folder.exists():
        new.replace(folder)
    elif _exchange(new, folder):
        shutil.rmtree(new, ignore_errors=True)
    else:
        aside = _aside(folder)
        shutil.rmtree(aside, ignore_errors=True)
        folder.replace(aside)
        try:
            new.replace(folder)
        except OSError:
            aside.replace(folder)
            raise
        shutil.rmtree(aside, ignore_errors=True)
    sync_folder(folder.parent)


def bring_back(folder: Path, seconds: float = 1.0) -> None:
    """Undo what a killed `replace_folder` has left half done.

    Parameters
    ----------
    folder
        Which is to be there, if it ever was.
    seconds
        How long a living writer, which moves the old folder aside, is given for the new one.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     Path(parent, ".surrogate.old").mkdir()
    ...     bring_back(Path(parent, "surrogate"), seconds=0)
    ...     os.listdir(parent)
    ['surrogate']
    """
    aside = _aside(folder)
    if not aside.exists():
        return
    end = time.monotonic() + seconds
    while not folder.exists():
        if time.monotonic() >= end:
            # Another process may have brought it back by now.
            with contextlib.suppress(OSError):
                aside.replace(folder)
            return
        time.sleep(0.05)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where the system cannot."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    if rename is None:
        return False
    names = os.fsencode(one), os.fsencode(other)
    return bool(rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0)


def write_all(descriptor: int, content: bytes) -> None:
    """Write every byte to an open file and wait until the disk has them.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryFile() as file:
    ...     write_all(file.fileno(), b"123")
    ...     file.seek(0), file.read()
    (0, b'123')
    """
    write_bytes_to(descriptor, content)
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make a new or changed name in a folder survive a power cut, where the system can.

    Examples
    --------
    >>> sync_folder(Path("."))
    """
    # Some network file systems refuse to sync a folder; the file itself is safe by then.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def cannot_write(path: Path, error: OSError) -> XbenchError:
    """Build the one-line error for a file that could not be written.

    Examples
    --------
    >>> str(cannot_write(Path("/full/runs.jsonl"), OSError(errno.ENOSPC, "No space left")))
    '/full: cannot write runs.jsonl (No space left); free some space or choose another folder'
    """
    if error.errno in NO_SPACE:
        advice = "free some space or choose another folder"
    else:
        advice = "choose a folder you may write to"
    what = error.strerror or str(error)
    return XbenchError(f"{path.parent}: cannot write {path.name} ({what}); {advice}")


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet, with the permissions the user's umask gives."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        write_all(descriptor, content)
    finally:
        os.close(descriptor)


_LONGEST = 60


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hexadecimal digits.

    Examples
    --------
    >>> file_digest(Path(os.devnull))[:8]
    'e3b0c442'
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_part(name: str) -> str:
    """Return a name as a safe part of a file name; different names stay different.

    Letters, digits, ``.``, ``_`` and single ``-`` stay; a name that had anything else gets a
    short digest of the original behind it.

    Examples
    --------
    >>> file_part("snare-cortex")
    'snare-cortex'
    >>> file_part("../../evil")
    'evil-0fbfd372'
    """
    safe = re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-._")[:_LONGEST]
    if safe == name and safe:
        return safe
    digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{safe or 'unnamed'}-{digest}"


def cache_folder() -> Path:
    """Return the folder for trained surrogates and simulations: ``XBENCH_CACHE``, or the user's.

    Examples
    --------
    >>> isinstance(cache_folder(), Path)
    True
    """
    # Imported here: whoever only writes files does not wait for it.
    import platformdirs

    chosen = os.environ.get("XBENCH_CACHE")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("xbench")


def data_folder() -> Path:
    """Return where data files are looked for: ``XBENCH_DATA``, else ``data`` in the cache folder.

    Examples
    --------
    >>> isinstance(data_folder(), Path)
    True
    """
    chosen = os.environ.get("XBENCH_DATA")
    return Path(chosen).expanduser() if chosen else cache_folder() / "data"
