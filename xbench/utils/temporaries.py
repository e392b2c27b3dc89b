"""Names of files and folders that are being written, by which what killed writers left is known."""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import time
from pathlib import Path

from xbench.utils.process_names import process_space

_LEFT = re.compile(r"\.(\d+)-([0-9a-f]{4})[0-9a-f]{4}\.tmp$")
# How old a temporary file of a process on another machine must be to count as left behind.
_FORGOTTEN = 24 * 3600


def sweep(folder: Path, prefix: str) -> None:
    """Remove temporary files and folders that killed writers have left.

    Those of a process that lives here stay, as do those of another machine or container that
    shares the folder, whose processes cannot be looked up: unless they are a day old.

    Parameters
    ----------
    folder
        Where to look.
    prefix
        What their names begin with; ``.NUMBER OF THE PROCESS-8 HEX DIGITS.tmp`` follows, of which
        the first four tell where that number is one of a process.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     left = temporary_beside(Path(folder) / "table.md")
    ...     left = left.with_name(left.name.replace(f".{os.getpid()}-", ".999999999-"))
    ...     left.touch()
    ...     sweep(Path(folder), ".table.md.")
    ...     left.exists()
    False
    """
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            end = path.name[len(prefix) - 1 :] if path.name.startswith(prefix) else ""
            found = _LEFT.fullmatch(end)
            if found is not None and _is_left(path, int(found[1]), found[2]):
                _remove(path)


def _is_left(path: Path, process: int, where: str) -> bool:
    try:
        old = time.time() - path.lstat().st_mtime > _FORGOTTEN
        if where != _here():
            return old
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return old


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def temporary_beside(path: Path) -> Path:
    """Return a name beside a file or folder that `sweep` knows as a temporary one of this process.

    Examples
    --------
    >>> temporary_beside(Path("out/table.md")).parent
    PosixPath('out')
    """
    digits = f"{_here()}{secrets.token_hex(2)}"
    return path.with_name(f".{path.name}.{os.getpid()}-{digits}.tmp")


def _here() -> str:
    """Return four hexadecimal digits of the machine, or container, that process numbers are of."""
    return hashlib.sha256(process_space().encode()).hexdigest()[:4]
