"""Opening files nobody vouches for: whatever a damaged one makes the readers raise is one line."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import h5py

from xbench.errors import XbenchError

_GZIP = b"\x1f\x8b"


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
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise XbenchError(
            f"{where} cannot be read ({reason}); get or write the file again"
        ) from error


@contextmanager
def opened_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; HDF5 holds no code, so none can run.

    Raises
    ------
    XbenchError
        It is not HDF5, cut short, or may not be read; and for all that goes wrong in the block.
    """
    try:
        file = h5py.File(path, "r")
    except PermissionError as error:
        raise XbenchError(f"{path}: may not be read; give yourself leave to read it") from error
    except OSError as error:
        raise XbenchError(
            f"{path}: not an HDF5 file, or cut short; get or write the file again"
        ) from error
    with file, readable(str(path)):
        yield file


@contextmanager
def opened_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, unpacked where its content is gzip, whatever its name says.

    Raises
    ------
    XbenchError
        It cannot be opened; and for all that goes wrong in the block, as at its cut end.

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
    with readable(str(path)), path.open("rb") as plain:
        is_gzip = plain.read(len(_GZIP)) == _GZIP
        plain.seek(0)
        if not is_gzip:
            yield plain
            return
        with gzip.open(plain) as unpacked:
            yield unpacked  # type: ignore[misc]
