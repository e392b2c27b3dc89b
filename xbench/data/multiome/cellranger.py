"""Layout: the ``filtered_feature_bc_matrix.h5`` of CellRanger ARC."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from scipy import sparse

from xbench.data.genome import build_name
from xbench.data.multiome.files import opened_hdf5
from xbench.data.multiome.growing_matrix import GrowingMatrix
from xbench.data.multiome.raw import RawMultiome
from xbench.data.multiome.stretches import stretches
from xbench.data.multiome.typed_features import assembled, columns_by_modality
from xbench.errors import XbenchError

_PLACE = r"^(?P<chrom>\S+):(?P<start>\d+)-(?P<end>\d+)$"
# Stored numbers that are held beside the finished matrices while a file is read.
CHUNK = 1 << 22


def read_tenx_h5(path: Path) -> RawMultiome:
    """Read peaks, genes, their places and the build; such files hold no cell types.

    The places of genes are the file's ``interval``: to our knowledge (no such file was at hand) it
    spans a gene's transcription starts, not its body, so that fewer peaks overlap it. The
    matrix is read a stretch of cells at a time, so that little more than the result is in memory.

    Raises
    ------
    XbenchError
        The file is not HDF5, cut short, damaged, or lacks a part, or peaks, or genes.
    """
    with opened_hdf5(path) as file:
        if "matrix" not in file:
            raise XbenchError(
                f"{path}: no group 'matrix', so not a feature-barcode matrix of CellRanger; give "
                "the filtered_feature_bc_matrix.h5 of CellRanger ARC"
            )
        matrix = file["matrix"]
        features = _features(matrix["features"])
        barcodes = pd.Index(_text(matrix["barcodes"]))
        columns = columns_by_modality(features, str(path))
        _require_fitting(matrix, len(features), len(barcodes), path)
        matrices = _read_apart(matrix, columns)
    return assembled(matrices, columns, features, barcodes, _genome(features, path))


def _features(group: h5py.Group) -> pd.DataFrame:
    """Return id, name, type, and genome and places where given, of each feature."""
    names = {"id": "id", "name": "name", "feature_type": "type", "genome": "genome"}
    table = pd.DataFrame({ours: _text(group[theirs]) for theirs, ours in names.items()})
    if "interval" in group:
        # NA or nothing, where a gene has no place: no match, so missing in all three.
        table = table.join(pd.Series(_text(group["interval"]), dtype=str).str.extract(_PLACE))
    return table


def _text(strings: h5py.Dataset) -> list[str]:
    return list(strings.asstr()[:])


def _genome(features: pd.DataFrame, path: Path) -> str | None:
    named = sorted({name for name in features["genome"] if name})
    if len(named) > 1:
        raise XbenchError(
            f"{path}: features of several genomes ({', '.join(named)}); give a file of one species"
        )
    return build_name(named[0]) if named else None


def _require_fitting(matrix: h5py.Group, n_features: int, n_cells: int, path: Path) -> None:
    """Check the matrix against its tables, before anything is made in its size."""
    shape = tuple(int(length) for length in matrix["shape"][:])
    if shape != (n_features, n_cells):
        raise XbenchError(
            f"{path}: matrix is said to be {shape[0]} x {shape[1]}, but there are {n_features} "
            f"features and {n_cells} barcodes; get the file again"
        )
    stored, indices = matrix["data"].shape, matrix["indices"].shape
    if matrix["indptr"].shape != (n_cells + 1,) or stored != indices:
        raise XbenchError(f"{path}: matrix is damaged: its parts do not fit; get the file again")


def _read_apart(matrix: h5py.Group, columns: dict[str, np.ndarray]) -> dict[str, sparse.csr_matrix]:
    """Return one matrix (cells x features) for each group of columns."""
    stored = matrix["data"].shape[0]
    parts = {name: GrowingMatrix(len(of), stored) for name, of in columns.items()}
    for cells in _cells(matrix):
        for name, of in columns.items():
            parts[name].add(cells[:, of])
    return {name: part.finished() for name, part in parts.items()}


def _cells(matrix: h5py.Group) -> Iterator[sparse.csr_matrix]:
    """Yield consecutive cells with all features: what is by column there is by row here."""
    n_features = int(matrix["shape"][0])
    indptr = matrix["indptr"][:].astype(np.int64)
    if indptr[0] != 0 or (np.diff(indptr) < 0).any() or indptr[-1] != matrix["data"].shape[0]:
        raise ValueError("matrix/indptr does not count up to the stored numbers")
    for first, last in stretches(indptr, CHUNK):
        within = slice(indptr[first], indptr[last])
        values, indices = matrix["data"][within], matrix["indices"][within].astype(np.int64)
        if indices.size and not 0 <= indices.min() <= indices.max() < n_features:
            raise ValueError("matrix/indices names features that there are not")
        pointers = indptr[first : last + 1] - indptr[first]
        cells = sparse.csr_matrix((values, indices, pointers), shape=(last - first, n_features))
        # Now, while a sum of what is stored twice cannot outgrow its kind of number.
        cells.sum_duplicates()
        yield cells
