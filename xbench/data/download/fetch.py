"""Get a registered file into a folder, whole and checked, or not at all.

A large file is read for the check once, not at each load.
"""

import contextlib
import hashlib
import json
import shutil
from pathlib import Path

from xbench.data.download.transmission import RemoteFile
from xbench.errors import XbenchError
from xbench.utils.files import cache_folder, cannot_write, write_text
from xbench.utils.json import json_line
from xbench.utils.locks import locked
from xbench.utils.progress import SILENT, Progress
from xbench.utils.text import size_text


def part_of(path: Path) -> Path:
    """Return where the bytes of an unfinished download are kept.

    Examples
    --------
    >>> part_of(Path("matrix.h5"))
    PosixPath('matrix.h5.part')
    """
    return path.with_name(f"{path.name}.part")


def fetch_file(file: RemoteFile, folder: Path, progress: Progress = SILENT) -> Path:
    """Return the file in the folder, getting it first where it is not there.

    A file that is there is taken if it has the registered checksum. The name only ever stands for
    the whole, checked file. Where another process gets the same file, this one waits for it.

    Parameters
    ----------
    file
        What is to be there.
    folder
        Made where missing.
    progress
        Told how it goes.

    Raises
    ------
    XbenchError
        No network, a refusal by the server, a wrong checksum, too little space, or another file of
        that name.

    Examples
    --------
    >>> import tempfile
    >>> abc = RemoteFile("abc", "", 3, "md5:900150983cd24fb0d6963f7d28e17f72")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "abc").write_text("abc")
    ...     fetch_file(abc, Path(folder)).name
    'abc'
    """
    path = folder / file.name
    if not path.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with locked(
                folder / f".{file.name}.lock",
                lambda: progress.said(f"{file.name}: another process gets it; waiting"),
            ):
                # The process waited for may have brought it.
                if not path.exists():
                    _download(file, path, progress)
        except OSError as error:
            raise cannot_write(path, error) from error
    require_verified(path, file)
    return path


def _download(file: RemoteFile, path: Path, progress: Progress) -> None:
    # Imported here, so that what only looks at datasets does not wait for requests.
    from xbench.data.download.transmission import Transmission

    part = part_of(path)
    _require_space(file, path, part)
    transfer = Transmission(file, part, progress)
    transfer.receive()
    if _checksum(part, file) != file.checksum:
        # Nothing wrong is kept to go on from.
        part.unlink()
        how = "put together from several connections " if transfer.resumed else ""
        raise XbenchError(
            f"{file.name}: what {file.host} sent {how}does not have the registered "
            f"{file.algorithm}; it was thrown away: run the same command again, and if that does "
            "not help, the file there has changed: report it"
        )
    part.replace(path)
    _remember(path, file)


def _require_space(file: RemoteFile, path: Path, part: Path) -> None:
    kept = part.stat().st_size if part.exists() else 0
    missing, free = file.size - kept, shutil.disk_usage(path.parent).free
    if missing > free:
        raise XbenchError(
            f"{path.parent}: {file.name} needs {size_text(missing)}, but only {size_text(free)} "
            "are free; free some space or set XBENCH_DATA to another folder"
        )


def require_verified(path: Path, file: RemoteFile) -> None:
    """Refuse a file that is not the registered one.

    Its size is looked at first. Its checksum is computed where that has not been done since the
    file last changed: the cache folder keeps size, times of change and number of what was right.

    Parameters
    ----------
    path
        A file that is there.
    file
        What it has to be.

    Raises
    ------
    XbenchError
        Another size, another checksum, or a file that may not be read.

    Examples
    --------
    >>> import tempfile
    >>> abc = RemoteFile("abc", "", 3, "md5:900150983cd24fb0d6963f7d28e17f72")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "abc"
    ...     _ = path.write_text("abcd")
    ...     require_verified(path, abc)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    xbench.errors.XbenchError: ...abc: has 4 bytes, not the registered 3 bytes; move it away ...
    """
    try:
        size = path.stat().st_size
        if size != file.size:
            raise _not_registered(
                path, f"has {_bytes(size)}, not the registered {_bytes(file.size)}"
            )
        if _is_remembered(path, file):
            return
        found = _checksum(path, file)
    except OSError as error:
        what = error.strerror or str(error)
        raise XbenchError(f"{path}: cannot be read ({what}); allow it, or move it away") from error
    if found != file.checksum:
        digits = found.partition(":")[2]
        raise _not_registered(path, f"has the {file.algorithm} {digits}, not the registered one")
    _remember(path, file)


def _checksum(path: Path, file: RemoteFile) -> str:
    """Return what the file's content has where the registered one has `file.checksum`."""
    with path.open("rb") as content:
        return f"{file.algorithm}:{hashlib.file_digest(content, file.algorithm).hexdigest()}"


def _remember(path: Path, file: RemoteFile) -> None:
    # Without a cache that can be written the file is only read again next time.
    with contextlib.suppress(XbenchError, OSError):
        write_text(_note(path), json_line(_as_it_is(path, file)))


def _is_remembered(path: Path, file: RemoteFile) -> bool:
    try:
        return bool(json.loads(_note(path).read_text(encoding="utf-8")) == _as_it_is(path, file))
    except (OSError, ValueError):
        return False


def _as_it_is(path: Path, file: RemoteFile) -> dict[str, str | int]:
    state = path.stat()
    return {
        "path": str(path.resolve()),
        "size": state.st_size,
        "changed": state.st_mtime_ns,
        # Its time of change can be set to what it was (`cp -p`, `touch -r`); these two cannot.
        "status_changed": state.st_ctime_ns,
        "number": state.st_ino,
        "checksum": file.checksum,
    }


def _note(path: Path) -> Path:
    name = hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return cache_folder() / "verified" / f"{name}.json"


def _bytes(size: int) -> str:
    return size_text(size) if size < 1000 else f"{size:,} bytes"


def _not_registered(path: Path, what: str) -> XbenchError:
    return XbenchError(
        f"{path}: {what}; move it away and fetch it again (see 'xbench data --help')"
    )
