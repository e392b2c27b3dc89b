"""A dataset's fingerprint: the same for the same content, however it was stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from xbench.data.mapped_matrix import MappedMatrix, forget

if TYPE_CHECKING:
    from hashlib import _Hash

    from xbench.data.features import Features
    from xbench.data.splits import Split

# Changes whenever what is hashed, or how, changes: old digests must not match by accident.
FORMAT = b"xbench dataset digest 1"
_CHUNK = 1 << 22


def content_digest(
    inputs: sparse.csr_matrix | np.ndarray,
    outputs: sparse.csr_matrix | None,
    cell_types: np.ndarray,
    features: Features,
    output_features: Features,
    split: Split,
) -> str:
    """Return the SHA-256 (64 hex digits) of a dataset's content.

    It covers the inputs, the outputs, cell types, names and coordinates of features and outputs,
    and the split. It depends neither on file, path and compression, nor on the number types and
    the order of entries in which sparse matrices are stored.

    Examples
    --------
    >>> from xbench.data.load import load_dataset
    >>> len(load_dataset("mnist-binary").digest)
    64
    """
    digest = hashlib.sha256(FORMAT)
    _add_matrix(digest, "X", inputs)
    if outputs is not None:
        _add_matrix(digest, "Y", outputs)
    _add_strings(digest, "cell types", cell_types)
    _add_features(digest, "features", features)
    _add_features(digest, "outputs", output_features)
    for part in ("train", "validation", "test"):
        _add_numbers(digest, part, getattr(split, part), "<i8")
    return digest.hexdigest()


def short_digest(texts: Iterable[str]) -> str:
    """Return 8 hex digits that tell lists of texts apart.

    Examples
    --------
    >>> short_digest(["ab", "c"]) == short_digest(["a", "bc"])
    False
    """
    return hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()[:8]


def canonical(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the matrix with ascending, distinct indices and no stored zero; a copy if need be.

    Examples
    --------
    >>> entries = ([1.0, 2.0, 0.0], ([0, 0, 0], [2, 0, 1]))
    >>> canonical(sparse.csr_matrix(entries, shape=(1, 3))).indices.tolist()
    [0, 2]
    """
    # What is mapped was written so, and is not read for it.
    if isinstance(matrix, MappedMatrix):
        return matrix
    if not matrix.has_canonical_format or not np.all(matrix.data):
        # 200 and 100 in one place are 300, also where each fits a byte.
        narrow = matrix.dtype.kind in "iu" and matrix.dtype.itemsize < 8
        summed = narrow and not matrix.has_canonical_format
        matrix = matrix.astype(np.int64) if summed else matrix.copy()
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
    return matrix


def _add_matrix(digest: _Hash, label: str, matrix: sparse.csr_matrix | np.ndarray) -> None:
    _add_strings(digest, f"{label} shape", [str(length) for length in matrix.shape])
    if not sparse.issparse(matrix):
        _add_numbers(digest, label, np.ascontiguousarray(matrix).reshape(-1), "<f8")
        return
    matrix = canonical(matrix)
    _add_numbers(digest, f"{label} indptr", matrix.indptr, "<i8")
    _add_numbers(digest, f"{label} indices", matrix.indices, "<i8")
    _add_numbers(digest, f"{label} data", matrix.data, "<f8")


def _add_features(digest: _Hash, label: str, features: Features) -> None:
    _add_strings(digest, f"{label} names", features.names)
    if features.chrom is None or features.start is None or features.end is None:
        return
    _add_strings(digest, f"{label} chrom", features.chrom)
    _add_numbers(digest, f"{label} start", features.start, "<i8")
    _add_numbers(digest, f"{label} end", features.end, "<i8")
    # Left out where there is none, so that data of before strands were read keep their digest.
    if features.strand is not None:
        _add_strings(digest, f"{label} strand", features.strand)


def _add_strings(digest: _Hash, label: str, values: Iterable[str]) -> None:
    """Add strings as JSON, which keeps ("ab", "c") apart from ("a", "bc")."""
    digest.update(json.dumps([label, [str(value) for value in values]]).encode())


def _add_numbers(digest: _Hash, label: str, values: np.ndarray, kind: str) -> None:
    """Add numbers in one fixed type and byte order, a chunk at a time to spare memory."""
    digest.update(json.dumps([label, kind, len(values)]).encode())
    for first in range(0, len(values), _CHUNK):
        digest.update(np.ascontiguousarray(values[first : first + _CHUNK], dtype=kind).data)
        forget(values)
