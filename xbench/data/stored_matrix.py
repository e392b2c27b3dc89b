"""A matrix that stays in its file, HDF5 or zarr, and is read some rows at a time."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from xbench.data.preprocess import from_half_precision
from xbench.errors import XbenchError

# Stored numbers that are in memory at once.
CHUNK = 1 << 22
# How much smaller than what they hold packed numbers can be: deflate's limit is 1,032 to 1.
_MOST_PACKED = 1_100


# Opens a file once more, and gives what is at a place in it.
Reopened = Callable[[str], AbstractContextManager[Any]]


def again(opening: Callable[[Path], AbstractContextManager[Any]], path: Path) -> Reopened:
    """Return what opens a file or store once more, at a place in it."""

    @contextmanager
    def opened(place: str) -> Iterator[Any]:
        with opening(path) as root:
            yield root[place]

    return opened


@dataclass(frozen=True, eq=False)
class StoredMatrix:
    """Rows of a sparse (CSR) or dense matrix in a file, each as in the file.

    Parameters
    ----------
    opened
        Opens the file and gives the matrix: an array, or a group with data, indices, indptr. What
        goes wrong in its block comes out as `XbenchError`.
    shape
        n cells x d features.
    dtype
        Of its values.
    indptr
        Shape (n + 1,), where the numbers of each row begin; None where it is dense.
    where
        File and place, for the error's text.
    columns
        The columns that count, in their order; all of them where None.
    width
        How many columns there are in the file.
    """

    opened: Callable[[], AbstractContextManager[Any]]
    shape: tuple[int, int]
    dtype: np.dtype
    indptr: np.ndarray | None
    where: str
    columns: np.ndarray | None = None
    width: int | None = None

    @property
    def entries(self) -> int:
        """How many numbers it can have other than 0."""
        return self.shape[0] * self.shape[1] if self.indptr is None else int(self.indptr[-1])

    def of_columns(self, columns: np.ndarray) -> "StoredMatrix":
        """Return the same with some of its columns, in their order."""
        chosen = columns if self.columns is None else self.columns[columns]
        width = self._width
        return replace(self, columns=chosen, shape=(self.shape[0], len(columns)), width=width)

    @property
    def _width(self) -> int:
        return self.shape[1] if self.width is None else self.width

    def blocks(self) -> Iterator[tuple[int, Any]]:
        """Yield consecutive rows, and the number of the first; each block is CSR or dense.

        Raises
        ------
        XbenchError
            The file cannot be read any more, or a row names a column that there is not.
        """
        with self.opened() as element:
            for first, last in self._stretches():
                yield first, self._read(element, first, last)

    def _stretches(self) -> Iterator[tuple[int, int]]:
        if self.indptr is not None:
            return stretches(self.indptr, CHUNK)
        n_rows, step = self.shape[0], max(1, CHUNK // max(1, self._width))
        return ((first, min(first + step, n_rows)) for first in range(0, n_rows, step))

    def _read(self, element: Any, first: int, last: int) -> Any:
        if self.indptr is None:
            rows = np.asarray(element[first:last])
            return rows if self.columns is None else rows[:, self.columns]
        start, stop = int(self.indptr[first]), int(self.indptr[last])
        values = np.asarray(element["data"][start:stop])
        indices = np.asarray(element["indices"][start:stop])
        width = self._width
        if indices.size and not 0 <= indices.min() <= indices.max() < width:
            raise ValueError(f"a row names a column outside of the {width} that there are")
        pointers = self.indptr[first : last + 1] - start
        # SciPy makes no matrix of half precision: `as_counts` is given what it can look at.
        if values.dtype == np.float16:
            values = from_half_precision(values, self.where)
        rows = sparse.csr_matrix((values, indices, pointers), shape=(last - first, width))
        return rows if self.columns is None else rows[:, self.columns]


def stretches(indptr: np.ndarray, entries: int) -> Iterator[tuple[int, int]]:
    """Yield consecutive rows, first and last (excluded), with up to so many stored numbers.

    Parameters
    ----------
    indptr
        Shape (n + 1,), where the stored numbers of each row begin, as in a CSR matrix.
    entries
        How many stored numbers there may be at once; a row that has more comes alone.

    Examples
    --------
    >>> list(stretches(np.array([0, 2, 3, 9, 9]), 3))
    [(0, 2), (2, 3), (3, 4)]
    """
    first = 0
    while first < len(indptr) - 1:
        beyond = int(np.searchsorted(indptr, int(indptr[first]) + entries, side="right")) - 1
        last = max(beyond, first + 1)
        yield first, last
        first = last


def stored_matrix(
    element: Any, opened: Callable[[], AbstractContextManager[Any]], where: str
) -> StoredMatrix | None:
    """Return a matrix that stays in its file; None where its layout cannot be read row by row.

    Parameters
    ----------
    element
        A group of AnnData's CSR encoding, or a dense array, of HDF5 or zarr.
    opened
        See `StoredMatrix`.
    where
        File and place, for the error's text.

    Raises
    ------
    XbenchError
        Its parts do not fit together, or are said to hold more than what is stored can.
    """
    if not hasattr(element, "keys"):
        if len(element.shape) != 2:
            return None
        _require_stored(element, where)
        shape = int(element.shape[0]), int(element.shape[1])
        return StoredMatrix(opened, shape, np.dtype(element.dtype), None, where)
    if element.attrs.get("encoding-type") != "csr_matrix":
        return None
    rows, columns = (int(length) for length in element.attrs["shape"])
    return stored_rows(element, opened, (rows, columns), where)


def stored_rows(
    element: Any,
    opened: Callable[[], AbstractContextManager[Any]],
    shape: tuple[int, int],
    where: str,
) -> StoredMatrix:
    """Return a sparse matrix of a shape that is known, whose parts are in a group of a file.

    Raises
    ------
    XbenchError
        See `stored_matrix`.
    """
    indptr = element["indptr"]
    data, indices = element["data"], element["indices"]
    kinds = {np.dtype(part.dtype).kind for part in (indptr, indices)}
    if indptr.shape != (shape[0] + 1,) or data.shape != indices.shape or not kinds <= set("iu"):
        raise XbenchError(f"{where}: matrix is damaged: its parts do not fit; get the file again")
    pointers = np.asarray(indptr[:]).astype(np.int64)
    if pointers[0] != 0 or (np.diff(pointers) < 0).any() or pointers[-1] != data.shape[0]:
        raise XbenchError(f"{where}: indptr does not count up to the stored numbers")
    _require_stored(indices, where)
    return StoredMatrix(opened, shape, np.dtype(data.dtype), pointers, where)


def _require_stored(array: Any, where: str) -> None:
    """Refuse numbers that a small file only says it holds, before they are made."""
    said = int(np.prod(array.shape, dtype=np.float64)) * np.dtype(array.dtype).itemsize
    stored = stored_bytes(array)
    if said > _MOST_PACKED * stored + (1 << 20):
        raise XbenchError(
            f"{where}: is said to hold {said / 1e9:,.1f} GB, but {stored:,} bytes are stored; get "
            "or write the file again"
        )


def stored_bytes(array: Any) -> int:
    """Return how many bytes an array takes in its file, packed as it is there."""
    if hasattr(array, "nbytes_stored"):
        return int(array.nbytes_stored())
    return int(array.id.get_storage_size())
