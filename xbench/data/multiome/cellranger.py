"""Layout: the ``filtered_feature_bc_matrix.h5`` of CellRanger ARC.

One feature table, in HDF5 and in text, holds peaks and genes; the sparse matrix is put together row
by row, in little more memory than it takes.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from scipy import sparse

from xbench.data.digest import canonical
from xbench.data.features import COORDINATE_COLUMNS
from xbench.data.genome import build_name
from xbench.data.multiome.raw import Modality, RawMultiome
from xbench.data.open_files import declared_bytes, opened_hdf5, require_memory
from xbench.data.stored_matrix import again, stored_rows, stretches
from xbench.errors import XbenchError

_PLACE = r"^(?P<chrom>\S+):(?P<start>\d+)-(?P<end>\d+)$"
# Stored numbers that are held beside the finished matrices while a file is read.
CHUNK = 1 << 22


def read_tenx_h5(path: Path, *, stays: bool = False) -> RawMultiome:
    """Read peaks, genes, their places and the build; such files hold no cell types.

    The places of genes are the file's ``interval``: to our knowledge (no such file was at hand) it
    spans a gene's transcription starts, not its body, so that fewer peaks overlap it. The
    matrix is read a stretch of cells at a time, so that little more than the result is in memory,
    or stays in the file, where that is asked for.

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
        if not stays:
            require_memory(declared_bytes(matrix), str(path))
        barcodes = pd.Index(_text(matrix["barcodes"]))
        columns = columns_by_modality(features, str(path))
        _require_fitting(matrix, len(features), len(barcodes), path)
        matrices: dict[str, Any]
        if stays:
            shape = (len(barcodes), len(features))
            whole = stored_rows(
                matrix, partial(again(opened_hdf5, path), "matrix"), shape, str(path)
            )
            matrices = {name: whole.of_columns(of) for name, of in columns.items()}
        else:
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
        # In few bytes again when it is added: a sum of what is stored twice outgrows its kind.
        yield canonical(cells)


# Feature types, as the files call them.
TYPES = {"atac": "Peaks", "rna": "Gene Expression"}


def columns_by_modality(features: pd.DataFrame, where: str) -> dict[str, np.ndarray]:
    """Return which rows of a feature table are peaks (`atac`) and which genes (`rna`).

    Parameters
    ----------
    features
        One row a feature, with a column ``type``; features of other types are left alone.
    where
        File, for the error's text.

    Raises
    ------
    XbenchError
        There are no peaks, or no genes.

    Examples
    --------
    >>> table = pd.DataFrame({"type": ["Gene Expression", "Peaks", "Antibody Capture", "Peaks"]})
    >>> columns_by_modality(table, "features.tsv")["atac"].tolist()
    [1, 3]
    """
    types = features["type"].to_numpy(dtype=str)
    present = ", ".join(sorted(set(types))) or "none"
    columns = {}
    for modality, kind in TYPES.items():
        columns[modality] = np.flatnonzero(types == kind)
        if not columns[modality].size:
            raise XbenchError(
                f"{where}: no feature of type {kind!r}; there are: {present}; give the output of "
                "CellRanger ARC, which holds peaks and genes of the same cells"
            )
    return columns


def assembled(
    matrices: Mapping[str, Any],
    columns: dict[str, np.ndarray],
    features: pd.DataFrame,
    barcodes: pd.Index,
    genome: str | None = None,
) -> RawMultiome:
    """Put together what was read of such a file.

    Parameters
    ----------
    matrices
        By modality, n cells x its features.
    columns
        From `columns_by_modality`.
    features
        One row a feature: id, name, and chrom, start, end where the file has them.
    barcodes
        n of them.
    genome
        The build the file names.
    """
    obs = pd.DataFrame(index=barcodes)
    peaks, genes = (features.iloc[columns[name]] for name in ("atac", "rna"))
    symbols, repeated = distinct_symbols(genes["name"], genes["id"])
    remarks = []
    if repeated:
        remarks.append(
            f"genes that share the symbol of one before them, and go by their id: {repeated:,}"
        )
    return RawMultiome(
        atac=Modality(matrices["atac"], obs, _var(peaks, pd.Index(peaks["id"].astype(str)))),
        rna=Modality(
            matrices["rna"], obs, _var(genes, symbols).assign(gene_id=genes["id"].to_numpy())
        ),
        genome=genome,
        keep_scaffolds=False,
        remarks=tuple(remarks),
    )


def distinct_symbols(names: pd.Series, ids: pd.Series) -> tuple[pd.Index, int]:
    """Return a name for each gene, and how many could not be called by their symbol.

    Several genes of real annotations share a symbol. The first keeps it, so that a target such as
    ``VIP:GAD1`` finds it; the others go by their id, which says exactly which gene is meant.

    Examples
    --------
    >>> names, repeated = distinct_symbols(pd.Series(["A", "A"]), pd.Series(["ENSG1", "ENSG2"]))
    >>> names.tolist(), repeated
    (['A', 'ENSG2'], 1)
    """
    again = names.duplicated() | (names.str.strip() == "")
    return pd.Index(names.where(~again, ids).astype(str)), int(again.sum())


def _var(features: pd.DataFrame, names: pd.Index) -> pd.DataFrame:
    """Return the coordinates, if any is known, indexed by name."""
    columns = [name for name in COORDINATE_COLUMNS if name in features.columns]
    known = len(columns) == len(COORDINATE_COLUMNS) and features[columns].notna().any(axis=None)
    return features[columns if known else []].set_axis(names, axis="index")


class GrowingMatrix:
    """A CSR matrix that rows are added to.

    Room for all entries is reserved at once; the system provides memory only where it is written.
    Whole numbers are held in as few bytes as they need: a byte is enough for nearly all peaks.

    Parameters
    ----------
    width
        How many columns it has.
    entries
        How many stored numbers it can have at most.

    Examples
    --------
    >>> growing = GrowingMatrix(width=2, entries=9)
    >>> growing.add(sparse.csr_matrix([[1, 0], [0, 300]]))
    >>> growing.finished().toarray().tolist()
    [[1, 0], [0, 300]]
    """

    def __init__(self, width: int, entries: int) -> None:
        self._width = width
        self._data: np.ndarray = np.empty(entries, np.uint8)
        self._indices = np.empty(entries, np.int32)
        self._counts: list[np.ndarray] = []
        self._filled = 0

    def add(self, rows: sparse.csr_matrix) -> None:
        """Add rows below those that are there."""
        end = self._filled + rows.nnz
        self._widen(rows.data)
        self._data[self._filled : end] = rows.data
        self._indices[self._filled : end] = rows.indices
        self._counts.append(np.diff(rows.indptr))
        self._filled = end

    def _widen(self, values: np.ndarray) -> None:
        """Make sure that the kind of number can hold the values."""
        if not values.size:
            return
        needed = values.dtype
        if needed.kind in "iu":
            extremes = (np.min_scalar_type(int(edge)) for edge in (values.min(), values.max()))
            needed = np.promote_types(*extremes)
        kind = np.promote_types(self._data.dtype, needed)
        if kind != self._data.dtype:
            wider = np.empty(len(self._data), kind)
            wider[: self._filled] = self._data[: self._filled]
            self._data = wider

    def finished(self) -> sparse.csr_matrix:
        """Return the matrix of all rows."""
        lengths = np.concatenate([np.zeros(1, np.int64), *self._counts])
        indptr = np.cumsum(lengths, dtype=np.int64)
        entries = (self._data[: self._filled], self._indices[: self._filled], indptr)
        return sparse.csr_matrix(entries, shape=(len(indptr) - 1, self._width))
