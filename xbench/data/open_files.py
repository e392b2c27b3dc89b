"""Opening files nobody vouches for: regular files only, of a size this machine can hold.

Whatever a damaged one makes the readers raise is one line. An HDF5 file may name other files whose
content it shows as its own (links, external and virtual storage): those are refused, so that
nothing is read but the file that was given.
"""

import contextlib
import gzip
import io
import os
import resource
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np

from xbench.errors import XbenchError
from xbench.utils.apart import run_apart

_GZIP = b"\x1f\x8b"
# What else is packed, by its first bytes; none of these is unpacked here.
_PACKED = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; save it as CSV, or unpack it",
    b"BZh": "packed by bzip2; unpack it, or pack it by gzip",
    b"\xfd7zXZ": "packed by xz; unpack it, or pack it by gzip",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack it, or pack it by gzip",
    b"\xd0\xcf\x11\xe0": "an Excel workbook; save it as CSV",
}
# A table of text may be so large, unpacked: some four million cells with a few columns each.
LARGEST_TEXT = 1 << 29
_BUFFER = 1 << 20
# Seconds of a processor for what an HDF5 file says of its parts: commonly a hundredth of one.
_HEADERS_SECONDS, _HEADERS_BYTES_A_SECOND = 2, 20_000_000


@contextmanager
def readable(where: str) -> Iterator[None]:
    """Turn any error but `XbenchError` into one that says what cannot be read.

    Examples
    --------
    >>> with readable("labels.txt"):
    ...     int("x")
    Traceback (most recent call last):
    xbench.errors.XbenchError: labels.txt cannot be read (invalid literal for int() with base 10: \
'x'); get or write the file again
    """
    try:
        yield
    except XbenchError:
        raise
    except PermissionError as error:
        raise XbenchError(f"{where}: may not be read; give yourself leave to read it") from error
    except EOFError as error:
        raise XbenchError(f"{where}: cut short; get or write the file again") from error
    except MemoryError as error:
        raise XbenchError(
            f"{where}: does not fit the memory of this machine; read it on a larger one"
        ) from error
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise XbenchError(
            f"{where} cannot be read ({reason}); get or write the file again"
        ) from error


def require_regular(path: Path) -> None:
    """Raise `XbenchError` for what is no file that can be read twice: a pipe, a device, a folder.

    A path at which there is nothing passes: opening it says so.

    Examples
    --------
    >>> require_regular(Path("/dev/null"))
    Traceback (most recent call last):
    xbench.errors.XbenchError: /dev/null: is a device or a pipe; give a regular file
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
        raise XbenchError(f"{path}: is {what}; give a regular file")


def require_memory(needed: int, where: str) -> None:
    """Raise `XbenchError` where so many bytes are more than this machine has, before they are made.

    Examples
    --------
    >>> require_memory(10**18, "file.h5ad: X")
    Traceback (most recent call last):
    xbench.errors.XbenchError: file.h5ad: X: is said to hold 1,000,000,000 GB, more than this \
machine's memory; get or write the file again, or read it on a larger one
    """
    if needed > os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"):
        raise XbenchError(
            f"{where}: is said to hold {needed / 1e9:,.0f} GB, more than this machine's "
            "memory; get or write the file again, or read it on a larger one"
        )


@contextmanager
def opened_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; HDF5 holds no code, so none can run.

    Raises
    ------
    XbenchError
        It is not HDF5, cut short, may not be read, or shows the content of other files; and for
        all that goes wrong in the block.
    """
    require_regular(path)
    require_sound_headers(path)
    try:
        file = h5py.File(path, "r")
    except PermissionError as error:
        raise XbenchError(f"{path}: may not be read; give yourself leave to read it") from error
    except OSError as error:
        raise XbenchError(
            f"{path}: not an HDF5 file, or cut short; get or write the file again"
        ) from error
    with file, readable(str(path)):
        require_self_contained(file, str(path))
        yield file


def require_sound_headers(path: Path) -> None:
    """Raise `XbenchError` for an HDF5 file at which the HDF5 library crashes or never ends.

    A damaged file can make it do either, where no error of Python stops it: what the file says of
    its parts is read in a process of its own first. Whatever else is wrong is found by the reader.
    """
    try:
        told = path.stat()
    except OSError:
        return  # Opening it says so.
    state = (told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns)
    _require_sound(path, state)


# A file is opened several times while it is read: it is looked at again only where it has changed.
@lru_cache(maxsize=256)
def _require_sound(path: Path, state: tuple[int, ...]) -> None:
    absolute = path.absolute()

    def work(begun: Callable[[], None]) -> bytes:
        size = absolute.stat().st_size
        seconds = _HEADERS_SECONDS + size // _HEADERS_BYTES_A_SECOND
        # Time of the processor: a disk may be as slow as it likes.
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        with contextlib.suppress(Exception), h5py.File(absolute, "r") as file:
            _read_headers(file)
        return b"sound"

    end = run_apart(work)
    if end.answer is None:
        # Once more: where a program has threads, a process may begin with what one of the others
        # was in the middle of. A file that is damaged ends the second one, too.
        end = run_apart(work)
    if end.answer is None:
        raise XbenchError(
            f"{path}: is so damaged that the HDF5 library cannot read it ({end.reason}); get or "
            "write the file again"
        )


def _read_headers(file: h5py.File) -> None:
    """Read every attribute, shape and type; elements that cannot be read are for the reader."""

    def look(name: bytes) -> None:
        with contextlib.suppress(Exception):
            if file.id.links.get_info(name).type == h5py.h5l.TYPE_HARD:
                element = file[name]
                for attribute in element.attrs:
                    with contextlib.suppress(Exception):
                        element.attrs[attribute]

    for attribute in file.attrs:
        with contextlib.suppress(Exception):
            file.attrs[attribute]
    file.id.links.visit(look)


def require_self_contained(file: h5py.File, where: str) -> None:
    """Raise `XbenchError` where an HDF5 file shows the content of others, or of itself by a link.

    Examples
    --------
    >>> with h5py.File("self.h5", "w", driver="core", backing_store=False) as file:
    ...     file["other"] = h5py.ExternalLink("/etc/passwd", "/")
    ...     require_self_contained(file, "self.h5")
    Traceback (most recent call last):
    xbench.errors.XbenchError: self.h5: 'other' is a link to another place, which is not followed; \
write a file that holds all of its data (h5repack, or read and write it again)
    """
    refused: list[tuple[str, str]] = []

    def look(name: bytes) -> None:
        text = name.decode("utf-8", "replace")
        if file.id.links.get_info(name).type != h5py.h5l.TYPE_HARD:
            refused.append((text, "is a link to another place, which is not followed"))
            return
        element = h5py.h5o.open(file.id, name)
        if isinstance(element, h5py.h5d.DatasetID):
            storage = element.get_create_plist()
            external = storage.get_external_count() > 0
            if external or storage.get_layout() == h5py.h5d.VIRTUAL:
                refused.append((text, "keeps its numbers in another file, which is not read"))

    # Links are visited, not objects: a link that is followed would not be seen.
    file.id.links.visit(look)
    if refused:
        name, what = refused[0]
        raise XbenchError(
            f"{where}: {name!r} {what}; write a file that holds all of its data (h5repack, or "
            "read and write it again)"
        )


def declared_bytes(element: Any) -> int:
    """Return how many bytes all numbers of an element of HDF5 or zarr take, as it says itself.

    Examples
    --------
    >>> with h5py.File("sizes.h5", "w", driver="core", backing_store=False) as file:
    ...     _ = file.create_dataset("x/y", shape=(10**9, 100), dtype="f4", chunks=True)
    ...     declared_bytes(file["x"])
    400000000000
    """
    if not hasattr(element, "keys"):
        return int(element.size or 0) * int(element.dtype.itemsize)
    if not isinstance(element, h5py.Group):
        return sum(declared_bytes(element[name]) for name in element)
    sizes: list[int] = []
    element.visititems(
        lambda _, part: (
            sizes.append(declared_bytes(part)) if isinstance(part, h5py.Dataset) else None
        )
    )
    return sum(sizes)


@contextmanager
def opened_bytes(path: Path, largest: int = LARGEST_TEXT) -> Iterator[IO[bytes]]:
    """Open a file for reading, unpacked where its content is gzip, whatever its name says.

    Parameters
    ----------
    path
        The file.
    largest
        Bytes that may be read of it, unpacked; one more is an error.

    Raises
    ------
    XbenchError
        It is no regular file, is packed otherwise, is too large, or cannot be opened; and for all
        that goes wrong in the block, as at its cut end.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "genes.txt"
    ...     _ = file.write_bytes(gzip.compress(b"GAD1"))
    ...     with opened_bytes(file) as content:
    ...         print(content.read())
    b'GAD1'
    """
    require_regular(path)
    with readable(str(path)), path.open("rb") as plain:
        first = plain.read(8)
        for magic, advice in _PACKED.items():
            if first.startswith(magic):
                raise XbenchError(f"{path}: is {advice}")
        plain.seek(0)
        source: Any = gzip.GzipFile(fileobj=plain) if first.startswith(_GZIP) else plain
        with io.BufferedReader(_Limited(source, largest, path), _BUFFER) as content:
            yield content


class _Limited(io.RawIOBase):
    """A stream that may not give more than so many bytes."""

    def __init__(self, source: IO[bytes], largest: int, path: Path) -> None:
        self._source, self._largest, self._path = source, largest, path
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._source.readinto(buffer)  # type: ignore[attr-defined]
        self._given += count
        if self._given > self._largest:
            raise XbenchError(
                f"{self._path}: holds more than {self._largest:,} bytes, more than such a file "
                "needs; get or write the file again"
            )
        return count


@contextmanager
def opened_npz(path: Path) -> Iterator[Any]:
    """Open a NumPy archive; an array that holds objects is refused, never run.

    Raises
    ------
    XbenchError
        It is none, is too large for this machine, or anything goes wrong in the block.
    """
    require_regular(path)
    with readable(str(path)):
        with zipfile.ZipFile(path) as archive:
            require_memory(sum(part.file_size for part in archive.infolist()), str(path))
        with np.load(path, allow_pickle=False) as parts:
            yield parts
