"""Write a file whole or not at all.

Names from strangers' files, made fit for a file name.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
from pathlib import Path

from xbench.errors import XbenchError

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
    name. Missing folders are made; a symbolic link keeps pointing to the file it names.

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
    target = Path(os.path.realpath(path))
    unique = f"{os.getpid()}-{secrets.token_hex(4)}"
    temporary = target.with_name(f".{target.name}.{unique}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_new(temporary, content)
        temporary.replace(target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        # Gone already after the replacement; on any failure, Ctrl-C included, it goes here.
        with contextlib.suppress(OSError):
            temporary.unlink()
    sync_folder(target.parent)


def write_all(descriptor: int, content: bytes) -> None:
    """Write every byte to an open file and wait until the disk has them.

    `os.write` may take fewer bytes than it is given, so it is asked until none is left.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryFile() as file:
    ...     write_all(file.fileno(), b"123")
    ...     file.seek(0), file.read()
    (0, b'123')
    """
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
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
