"""The descent of all features from the gradient by hidden sums, in one compiled pass.

Masking feature j of cell c changes the loss, to first order, by -x_cj (g_c . w_j), with g_c the
gradient by the sums of j's block. Over cells that is -(sum_c x_cj g_c) . w_j: one addition of
`hidden` numbers an entry, and one product of as many for each feature. One product an entry
instead takes twice as long, for each has to be summed across its numbers.

Entries are taken a tile of features at a time, so that the sums of a tile stay in the cache while
all cells are added to them.
"""

from dataclasses import dataclass
from itertools import pairwise

import numba
import numpy as np
import scipy.sparse as sp
from numba.core.typing import Signature

from xbench.surrogates.layers import block_pointers
from xbench.utils.compiled import compiled

# Numbers added at a time: one vector register of AVX2, half of one of AVX-512.
LANES = 8
# Bytes of the sums of a tile, which share the cache with the gradient: measured on 2**16 to 2**18.
TILE_BYTES = 2**16


@dataclass(frozen=True)
class TiledEntries:
    """Where the entries of each row in each tile of features begin.

    Parameters
    ----------
    edges
        First feature of each tile and the number of features, shape (tiles + 1,). No tile has
        features of two blocks.
    block_of
        Block of each tile, shape (tiles,).
    pointers
        Shape (rows * tiles + 1,).
    """

    edges: np.ndarray
    block_of: np.ndarray
    pointers: np.ndarray

    @classmethod
    def of(cls, inputs: sp.csr_matrix, boundaries: np.ndarray, width: int) -> "TiledEntries":
        """Divide the features of each block.

        Parameters
        ----------
        inputs
            Shape (n, n_features), sorted indices.
        boundaries
            First feature of each block and the number of features.
        width
            Hidden sums of a block.
        """
        size = max(1, TILE_BYTES // (4 * padded(width)))
        starts = [np.arange(first, last, size) for first, last in pairwise(boundaries)]
        block_of = np.repeat(np.arange(len(starts)), [len(some) for some in starts])
        edges = np.concatenate([*starts, boundaries[-1:]]).astype(np.int64)
        return cls(edges, block_of, block_pointers(inputs, edges))


def _signature(index: numba.types.Type) -> Signature:
    """Types of `_descend`; arrays that may be written are taken for such that may not be."""

    def read(dtype: numba.types.Type, dimensions: int = 1) -> numba.types.Type:
        return numba.types.Array(dtype, dimensions, "C", readonly=True)

    numbers, counts = numba.float32, numba.int64
    written = (numbers[:, ::1], numbers[::1])
    entries = (read(counts), read(index), read(numbers), read(counts))
    return numba.void(
        *entries, read(numbers, 3), read(numbers, 2), read(counts), read(counts), *written
    )


def padded(width: int) -> int:
    """Return the next multiple of `LANES`."""
    return -(-width // LANES) * LANES


def descent_of_entries(
    inputs: sp.csr_matrix,
    tiles: TiledEntries,
    rows: np.ndarray,
    gradient: np.ndarray,
    weight: np.ndarray,
    *,
    binary: bool,
) -> np.ndarray:
    """Return -sum over cells of x_cj (g_c . w_j) for each feature j, shape (n_features,).

    Parameters
    ----------
    inputs
        CSR, float32, shape (n, n_features).
    tiles
        Its division, `TiledEntries.of`.
    rows
        The cells, shape (k,).
    gradient
        By the hidden sums of these cells, float32, shape (k, n_blocks, width).
    weight
        Shape (n_features, width).
    binary
        Whether every entry of the inputs is 1.

    Examples
    --------
    >>> x = sp.csr_matrix(np.array([[1, 1, 2], [0, 0, 1]], dtype=np.float32))
    >>> tiles = TiledEntries.of(x, np.array([0, 3]), width=1)
    >>> g = np.array([[[1.0]], [[10.0]]], dtype=np.float32)
    >>> w = np.array([[1.0], [1.0], [3.0]], dtype=np.float32)
    >>> descent_of_entries(x, tiles, np.arange(2), g, w, binary=False)
    array([ -1.,  -1., -36.], dtype=float32)
    """
    width = weight.shape[1]
    wide = np.zeros((*gradient.shape[:2], padded(width)), dtype=np.float32)
    wide[:, :, :width] = gradient
    largest = int(np.diff(tiles.edges).max(initial=0))
    sums = np.empty((largest, wide.shape[2]), dtype=np.float32)
    result = np.empty(len(weight), dtype=np.float32)
    data = inputs.data[:0] if binary else inputs.data
    _descend(
        tiles.pointers,
        inputs.indices,
        data,
        rows,
        wide,
        weight,
        tiles.edges,
        tiles.block_of,
        sums,
        result,
    )
    return result


@compiled(_signature(numba.int32), _signature(numba.int64))
def _descend(
    pointers: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    rows: np.ndarray,
    gradient: np.ndarray,
    weight: np.ndarray,
    edges: np.ndarray,
    block_of: np.ndarray,
    sums: np.ndarray,
    result: np.ndarray,
) -> None:
    n_tiles, width, wide = len(block_of), weight.shape[1], gradient.shape[2]
    for tile in range(n_tiles):
        first, block = edges[tile], block_of[tile]
        size = edges[tile + 1] - first
        sums[:size] = 0
        for row in range(len(rows)):
            own = gradient[row, block]
            at = rows[row] * n_tiles + tile
            for entry in range(pointers[at], pointers[at + 1]):
                feature = indices[entry] - first
                if len(data):
                    for lane in range(wide):
                        sums[feature, lane] += data[entry] * own[lane]
                else:
                    # Loops of fixed length become vector instructions without a remainder.
                    for start in range(0, wide, LANES):
                        for lane in range(start, start + LANES):
                            sums[feature, lane] += own[lane]
        for feature in range(size):
            total = np.float32(0)
            for lane in range(width):
                total += sums[feature, lane] * weight[first + feature, lane]
            result[first + feature] = -total
