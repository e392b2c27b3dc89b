"""Whether a file is the registered one; a large file is read for that once, not at each load."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

from xbench.data.download.remote_file import RemoteFile, size_text
from xbench.errors import XbenchError
from xbench.utils.files import write_text
from xbench.utils.paths import cache_folder


def require_verified(path: Path, file: RemoteFile) -> None:
    """Refuse a file that is not the registered one.

    Its size is looked at first. Its checksum is computed where that has not been done since the
    file last changed: the cache folder keeps size and time of change of what was right.

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
        with path.open("rb") as content:
            found = hashlib.file_digest(content, file.algorithm).hexdigest()
    except OSError as error:
        what = error.strerror or str(error)
        raise XbenchError(f"{path}: cannot be read ({what}); allow it, or move it away") from error
    if f"{file.algorithm}:{found}" != file.checksum:
        raise _not_registered(path, f"has the {file.algorithm} {found}, not the registered one")
    # Without a cache that can be written the file is only read again next time.
    with contextlib.suppress(XbenchError, OSError):
        write_text(_note(path), json.dumps(_as_it_is(path, file)))


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
