"""Sparse matrices in files that are mapped into memory: all processes share one copy of a page.

A matrix is written some rows at a time and never held as a whole. What is read of it is a part of
the system's page cache, which gives it up when memory is short.
"""

import mmap
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
from scipy import sparse

from xbench.errors import XbenchError

PARTS = ("indptr", "indices", "data")
# Up to so many stored numbers SciPy counts in 32 bits.
MOST_NARROW = np.iinfo(np.int32).max
# Numbers of a file that are rewritten, or hashed, at once.
CHUNK = 1 << 22


class MappedMatrix(sparse.csr_matrix):
    """A CSR matrix whose numbers are mapped from files; rows taken of it are copies in memory.

    After rows are taken, the pages that held them are no longer counted as this process' own; they
    stay in the page cache, for this process and all others.
    """

    def __getitem__(self, key: Any) -> Any:
        """Return what SciPy does, as a plain matrix."""
        found = super().__getitem__(key)
        forget(self.indices)
        forget(self.data)
        return sparse.csr_matrix(found, copy=False) if sparse.issparse(found) else found


def mapped_array(path: Path, kind: str, length: int) -> np.ndarray:
    """Map a file of plain numbers, read-only.

    Parameters
    ----------
    path
        The file.
    kind
        NumPy's name of the type of number, with its byte order.
    length
        How many there must be.

    Raises
    ------
    XbenchError
        The file is absent, or of another size.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "three").write_bytes(bytes([1, 2, 3]))
    ...     mapped_array(Path(folder) / "three", "|u1", 3).tolist()
    [1, 2, 3]
    """
    wanted = length * np.dtype(kind).itemsize
    try:
        size = path.stat().st_size
        if size != wanted:
            raise XbenchError(f"{path}: has {size:,} bytes instead of {wanted:,}")
        if not length:
            return np.empty(0, dtype=kind)
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise XbenchError(f"{path}: cannot be read ({error.strerror})") from error
    return np.frombuffer(content, dtype=kind)


def forget(values: Any) -> None:
    """Let the system take back the pages of a mapped array that this process has read.

    Nothing happens to any other array. The content stays what it is.

    Examples
    --------
    >>> forget(np.arange(3))
    """
    while isinstance(values, np.ndarray):
        values = values.base
    content = values.obj if isinstance(values, memoryview) else values
    if isinstance(content, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        content.madvise(mmap.MADV_DONTNEED)


@dataclass(frozen=True)
class MatrixFiles:
    """Where a matrix lies and what its numbers are, as a description keeps it.

    Parameters
    ----------
    stem
        Path of its files, but for what tells them apart: ``.indptr``, ``.indices``, ``.data``.
    shape
        Rows and columns.
    entries
        Stored numbers.
    index, value
        NumPy's names of the types of column numbers and of values.
    """

    stem: Path
    shape: tuple[int, int]
    entries: int
    index: str
    value: str

    def path(self, part: str) -> Path:
        """Return the file of one part."""
        return self.stem.with_name(f"{self.stem.name}.{part}")

    def open(self) -> MappedMatrix:
        """Map the matrix: sorted, distinct columns in each row, no stored zero.

        Raises
        ------
        XbenchError
            A file is absent or of another size, or the parts do not fit together.
        """
        lengths = {"indptr": self.shape[0] + 1, "indices": self.entries, "data": self.entries}
        kinds = {"indptr": "<i8", "indices": self.index, "data": self.value}
        indptr, indices, data = (
            mapped_array(self.path(part), kinds[part], lengths[part]) for part in PARTS
        )
        if indptr[0] != 0 or indptr[-1] != self.entries or (np.diff(indptr) < 0).any():
            raise XbenchError(f"{self.path('indptr')}: does not count up to {self.entries:,}")
        # Of one type: SciPy would else copy the larger part to make it so.
        matrix = MappedMatrix(self.shape, dtype=data.dtype)
        matrix.indptr, matrix.indices, matrix.data = indptr.astype(indices.dtype), indices, data
        matrix.has_sorted_indices = matrix.has_canonical_format = True
        return matrix

    def described(self) -> dict[str, Any]:
        """Return all but the place, in JSON's types."""
        return {
            "shape": list(self.shape),
            "entries": self.entries,
            "index": self.index,
            "value": self.value,
        }

    @classmethod
    def of(cls, stem: Path, said: dict[str, Any]) -> "MatrixFiles":
        """Return what `described` was made of.

        Raises
        ------
        KeyError, TypeError, ValueError
            It is no such description.
        """
        rows, columns = (int(length) for length in said["shape"])
        kinds = str(np.dtype(said["index"]).str), str(np.dtype(said["value"]).str)
        if kinds[0][1:] not in ("i4", "i8") or np.dtype(kinds[1]).kind not in "biuf":
            raise ValueError(f"numbers of type {kinds}")
        if min(rows, columns, entries := int(said["entries"])) < 0:
            raise ValueError("a length below 0")
        return cls(stem, (rows, columns), entries, *kinds)


class MatrixWriter:
    """Writes a matrix, some rows at a time; to be used in a ``with`` block.

    Parameters
    ----------
    stem
        See `MatrixFiles`; files of that name must not be there.
    width
        Columns.
    value
        Type of its values.
    most
        How many stored numbers it can have: with more than 2,147,483,647 their columns take eight
        bytes each.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with MatrixWriter(Path(folder) / "peaks", 3, np.int8, most=9) as writer:
    ...         writer.add(sparse.csr_matrix([[0, 1, 1], [0, 0, 0]], dtype=np.int8))
    ...         writer.add(sparse.csr_matrix([[1, 0, 0]], dtype=np.int8))
    ...     writer.files.open().toarray().tolist()
    [[0, 1, 1], [0, 0, 0], [1, 0, 0]]
    """

    def __init__(self, stem: Path, width: int, value: Any, most: int) -> None:
        index = "<i4" if max(width, most) <= MOST_NARROW else "<i8"
        self._files = MatrixFiles(stem, (0, width), 0, index, np.dtype(value).newbyteorder("<").str)
        self._counts: list[np.ndarray] = [np.zeros(1, dtype=np.int64)]
        self._opened: dict[str, IO[bytes]] = {}

    @property
    def files(self) -> MatrixFiles:
        """What has been written; whole once the block has ended."""
        return self._files

    def __enter__(self) -> "MatrixWriter":
        for part in ("indices", "data"):
            self._opened[part] = self._files.path(part).open("xb")
        return self

    def add(self, rows: sparse.csr_matrix) -> None:
        """Add rows, in canonical form, below those that are there."""
        files = self._files
        kinds = {"indices": files.index, "data": files.value}
        for part, file in self._opened.items():
            values = np.ascontiguousarray(getattr(rows, part), dtype=kinds[part])
            file.write(values.tobytes())
        self._counts.append(np.diff(rows.indptr).astype(np.int64))
        self._files = MatrixFiles(
            files.stem,
            (files.shape[0] + rows.shape[0], files.shape[1]),
            files.entries + rows.nnz,
            files.index,
            files.value,
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._opened.values():
            if kind is None:
                file.flush()
                os.fsync(file.fileno())
            file.close()
        if kind is None:
            counts = np.concatenate(self._counts)
            self._files.path("indptr").write_bytes(np.cumsum(counts).astype("<i8").tobytes())
            self._narrow()

    def _narrow(self) -> None:
        """Write columns in four bytes where, against what was expected, they fit."""
        files = self._files
        if files.index == "<i4" or max(files.entries, files.shape[1]) > MOST_NARROW:
            return
        wide, narrow = files.path("indices"), files.path("narrow")
        with narrow.open("xb") as file:
            values = mapped_array(wide, files.index, files.entries)
            for start in range(0, files.entries, CHUNK):
                file.write(values[start : start + CHUNK].astype("<i4").tobytes())
                forget(values)
        narrow.replace(wide)
        self._files = MatrixFiles(files.stem, files.shape, files.entries, "<i4", files.value)


def written(
    stem: Path, blocks: Iterable[sparse.csr_matrix], width: int, value: Any, most: int
) -> MatrixFiles:
    """Write blocks of rows one below the other; see `MatrixWriter`."""
    with MatrixWriter(stem, width, value, most) as writer:
        for block in blocks:
            writer.add(block)
    return writer.files
