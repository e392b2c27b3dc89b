"""The rows of a matrix some at a time: all at once where they are in memory, else as stored.

Work on rows is written once, for both; where the result goes is for a `Room` to say.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from scipy import sparse

from xbench.data.mapped_matrix import MappedMatrix, MatrixFiles, written
from xbench.data.preprocess import as_counts
from xbench.data.stored_matrix import CHUNK, StoredMatrix, stretches


class Room(Protocol):
    """Where matrices that are too large for memory are put."""

    def matrix(
        self, name: str, blocks: Iterable[sparse.csr_matrix], width: int, value: Any, most: int
    ) -> MappedMatrix:
        """Write blocks one below the other; see `xbench.data.mapped_matrix.MatrixWriter`."""

    def drop(self, name: str) -> None:
        """Remove a matrix that was needed on the way only."""


class RowBlocks:
    """Consecutive rows of a matrix, CSR, a block at a time, as often as they are asked for.

    Parameters
    ----------
    given
        The one block of all rows, or what makes the blocks whenever they are gone through.
    width
        Columns.
    most
        How many stored numbers they can have altogether.

    Examples
    --------
    >>> rows = RowBlocks(sparse.csr_matrix([[1, 0], [2, 3]]), 2, 3)
    >>> [block.sum() for block in rows.map(lambda block: 2 * block)]
    [np.int64(12)]
    """

    def __init__(
        self,
        given: sparse.csr_matrix | Callable[[], Iterator[sparse.csr_matrix]],
        width: int,
        most: int,
    ) -> None:
        self._given, self.width, self.most = given, width, most

    def __iter__(self) -> Iterator[sparse.csr_matrix]:
        return self._given() if callable(self._given) else iter([self._given])

    def map(self, function: Callable[[sparse.csr_matrix], Any]) -> "RowBlocks":
        """Return what a function makes of each block; done at once where all are in memory."""
        if not callable(self._given):
            changed = function(self._given)
            return RowBlocks(changed, changed.shape[1], changed.nnz)
        return RowBlocks(lambda: map(function, self), self.width, self.most)

    def of_width(self, width: int) -> "RowBlocks":
        """Return the same, of blocks that have so many columns."""
        return RowBlocks(self._given, width, self.most)

    def put(self, room: Room | None, name: str, value: Any) -> sparse.csr_matrix:
        """Return all rows as one matrix: in memory, or in the room.

        Parameters
        ----------
        room
            Must be given where the rows are stored.
        name
            What the room calls it.
        value
            Type of its values there.
        """
        if not callable(self._given):
            return self._given
        assert room is not None, "what is stored needs a room"
        return room.matrix(name, self, self.width, value, self.most)


def checked_rows(matrix: Any, rows: np.ndarray, where: str, elsewhere: str = "") -> RowBlocks:
    """Return some rows of a matrix as `xbench.data.preprocess.as_counts` has them.

    Parameters
    ----------
    matrix
        n x d: sparse, dense, or a `StoredMatrix`.
    rows
        Which, in any order; of a stored matrix ascending.
    where, elsewhere
        For errors, see `as_counts`.

    Raises
    ------
    XbenchError
        Numbers that cannot be counts; of a stored matrix where it is gone through.
    """
    if not isinstance(matrix, StoredMatrix):
        chosen = rows_of(as_counts(matrix, where, elsewhere), rows)
        return RowBlocks(chosen, chosen.shape[1], chosen.nnz)

    def blocks() -> Iterator[sparse.csr_matrix]:
        for first, block in matrix.blocks():
            counts = as_counts(block, where, elsewhere)
            within = slice(*np.searchsorted(rows, [first, first + counts.shape[0]]))
            yield rows_of(counts, rows[within] - first)

    return RowBlocks(blocks, matrix.shape[1], matrix.entries)


def rows_of_matrix(matrix: sparse.csr_matrix) -> RowBlocks:
    """Return the rows of a matrix: some at a time where it is mapped, all at once elsewhere."""
    width, most = matrix.shape[1], matrix.nnz
    if not isinstance(matrix, MappedMatrix):
        return RowBlocks(matrix, width, most)
    return RowBlocks(
        lambda: (matrix[first:last] for first, last in stretches(matrix.indptr, CHUNK)),
        width,
        most,
    )


def in_order(matrix: sparse.csr_matrix, rows: np.ndarray, room: Room, name: str) -> MappedMatrix:
    """Write the rows of a mapped matrix in another order, some at a time."""
    lengths = np.diff(matrix.indptr)[rows]
    pointers = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    blocks = (matrix[rows[first:last]] for first, last in stretches(pointers, CHUNK))
    return room.matrix(name, blocks, matrix.shape[1], matrix.dtype, matrix.nnz)


def rows_of(matrix: sparse.csr_matrix, rows: np.ndarray) -> sparse.csr_matrix:
    """Return the rows in another order; no copy where it is the same."""
    return matrix if np.array_equal(rows, np.arange(matrix.shape[0])) else matrix[rows]


def columns_of(matrix: sparse.csr_matrix, columns: np.ndarray) -> sparse.csr_matrix:
    """Return the columns in another order, with ascending indices; no copy where it is the same."""
    if np.array_equal(columns, np.arange(matrix.shape[1])):
        return matrix
    chosen = matrix[:, columns]
    chosen.sort_indices()
    return chosen


class FolderRoom:
    """A room that is a folder.

    Parameters
    ----------
    folder
        An empty one.

    Attributes
    ----------
    files
        Of each matrix, by its name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, MatrixFiles] = {}

    def matrix(
        self, name: str, blocks: Iterable[sparse.csr_matrix], width: int, value: Any, most: int
    ) -> MappedMatrix:
        """See `Room`."""
        self.drop(name)
        self.files[name] = written(self.folder / name, blocks, width, value, most)
        return self.files[name].open()

    def drop(self, name: str) -> None:
        """See `Room`."""
        for path in self.folder.glob(f"{name}.*"):
            path.unlink()
