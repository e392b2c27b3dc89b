"""Layout: a folder with ``matrix.mtx``, ``features.tsv`` and ``barcodes.tsv``, as CellRanger ARC.

Each may be gzipped, and all three may begin with the same prefix, as GEO has it:
``GSE123_matrix.mtx.gz``. Matrix Market files are read a stretch at a time, some rows into one
matrix, some into another. Not through SciPy: its reader ends the whole process on a stream that is
no gzip (scipy 1.17, `scipy.io.mminfo`), and would hold the file as one matrix before it could be
taken apart.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from xbench.data.multiome.cellranger import assembled, columns_by_modality
from xbench.data.multiome.raw import RawMultiome
from xbench.data.open_files import opened_bytes
from xbench.data.text_table import read_tsv
from xbench.errors import XbenchError

_BANNER = "%%matrixmarket matrix coordinate"
_KINDS = {"integer": np.int64, "real": np.float64}
# Entries that are held as text and numbers beside the matrices while a file is read.
CHUNK = 1 << 21
# Characters of an entry, and of a line above the entries.
_LONGEST_ENTRY, _LONGEST_LINE = 100, 1 << 20


class MatrixHeader(NamedTuple):
    """What the first lines of a Matrix Market file say; the matrix has n_entries stored numbers."""

    path: Path
    n_rows: int
    n_columns: int
    n_entries: int
    field: str


def read_header(path: Path) -> MatrixHeader:
    """Read what is above the entries.

    Raises
    ------
    XbenchError
        It is no sparse, general matrix of whole or real numbers, or is damaged.
    """
    with opened_bytes(path) as file:
        return _header(path, file)


def read_rows_apart(
    header: MatrixHeader, rows: dict[str, np.ndarray]
) -> dict[str, sparse.csr_matrix]:
    """Return several groups of rows, each transposed: columns x the group's rows.

    Parameters
    ----------
    header
        From `read_header`; the file is read again.
    rows
        By group, row numbers from 0 on, none in two groups.

    Raises
    ------
    XbenchError
        An entry is no number or outside the matrix, or there are not as many as the header says.

    Examples
    --------
    >>> import scipy.io, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "matrix.mtx"
    ...     scipy.io.mmwrite(file, sparse.coo_matrix([[0, 5], [7, 0], [0, 9]]))
    ...     rows = {"a": np.array([0, 2]), "b": np.array([1])}
    ...     matrices = read_rows_apart(read_header(file), rows)
    >>> matrices["a"].toarray().tolist(), matrices["b"].toarray().tolist()
    ([[0, 0], [5, 9]], [[7], [0]])
    """
    group, position = np.full(header.n_rows, -1), np.zeros(header.n_rows, dtype=np.int32)
    for number, chosen in enumerate(rows.values()):
        group[chosen], position[chosen] = number, np.arange(len(chosen))
    parts: list[list[pd.DataFrame]] = [[] for _ in rows]
    for entries in _entries(header):
        of_entry = group[entries["row"]]
        entries["row"] = position[entries["row"]]
        for number, part in enumerate(parts):
            part.append(entries[of_entry == number])
    return {
        name: _transposed(part, header, len(chosen))
        for part, (name, chosen) in zip(parts, rows.items(), strict=True)
    }


def _header(path: Path, file: IO[bytes]) -> MatrixHeader:
    banner = file.readline(_LONGEST_LINE).decode().lower().split()
    if " ".join(banner[:3]) != _BANNER or banner[3:] not in [[kind, "general"] for kind in _KINDS]:
        raise XbenchError(
            f"{path}: begins with {' '.join(banner)!r:.80}; write a matrix of the kind "
            "'%%MatrixMarket matrix coordinate integer general'"
        )
    line = file.readline(_LONGEST_LINE)
    while line.startswith(b"%") or (line and not line.strip()):
        line = file.readline(_LONGEST_LINE)
    n_rows, n_columns, n_entries = (int(number) for number in line.split())
    return MatrixHeader(path, n_rows, n_columns, n_entries, banner[3])


def _entries(header: MatrixHeader) -> Iterator[pd.DataFrame]:
    """Yield stretches of row and column (int32, from 0 on) and value, in few bytes."""
    found = 0
    kinds = {"row": np.int64, "column": np.int64, "value": _KINDS[header.field]}
    # As much text as so many entries can take: a packed file does not say how much it holds.
    largest = (header.n_entries + CHUNK) * _LONGEST_ENTRY
    with opened_bytes(header.path, largest) as file:
        _header(header.path, file)
        if header.n_entries == 0:
            return
        for entries in pd.read_csv(
            file, sep=r"\s+", header=None, names=list(kinds), dtype=kinds, chunksize=CHUNK
        ):
            if not isinstance(entries.index, pd.RangeIndex):
                # pandas takes what is before the last three columns as the names of rows.
                raise ValueError("entries of more than three numbers")
            found += len(entries)
            if found > header.n_entries:
                raise ValueError(f"at least {found} entries instead of {header.n_entries}")
            for name, length in (("row", header.n_rows), ("column", header.n_columns)):
                if not entries[name].between(1, length).all():
                    raise ValueError(f"an entry lies outside the {length} {name}s")
                entries[name] = (entries[name] - 1).astype(np.int32)
            if header.field == "integer":
                entries["value"] = pd.to_numeric(entries["value"], downcast="unsigned")
            yield entries
        if found != header.n_entries:
            raise ValueError(f"{found} entries instead of {header.n_entries}")


def _transposed(parts: list[pd.DataFrame], header: MatrixHeader, width: int) -> sparse.csr_matrix:
    shape = (header.n_columns, width)
    if not parts:
        return sparse.csr_matrix(shape, dtype=np.int64)
    row, column, value = (
        np.concatenate([part[name].to_numpy() for part in parts])
        for name in ("row", "column", "value")
    )
    matrix = sparse.csr_matrix((value, (column, row)), shape=shape)
    if matrix.nnz != len(value):
        raise XbenchError(f"{header.path}: an entry is there twice; write each once")
    return matrix


MATRIX = re.compile(r"(?P<prefix>.*)matrix\.mtx(\.gz)?")
_FEATURE_COLUMNS = ("id", "name", "type", "chrom", "start", "end")
# Without and with places.
_WIDTHS = (3, 6)


def read_mtx_folder(folder: Path) -> RawMultiome:
    """Read peaks, genes and, where given, their places; such files hold neither types nor build.

    Raises
    ------
    XbenchError
        A file is absent, damaged or cut short, or the tables do not fit the matrix.
    """
    matrix_path, prefix = _matrix_file(folder)
    features_path, barcodes_path = (
        _companion(folder, f"{prefix}{name}.tsv") for name in ("features", "barcodes")
    )
    features = _features(features_path)
    barcodes = pd.Index(read_tsv(barcodes_path, widths=(1,))[0])
    columns = columns_by_modality(features, str(features_path))
    header = read_header(matrix_path)
    _require_fitting(header, features_path, len(features), barcodes_path, len(barcodes))
    matrices = read_rows_apart(header, columns)
    return assembled(matrices, columns, features, barcodes)


def _matrix_file(folder: Path) -> tuple[Path, str]:
    """Return the matrix's file, and what its name begins with."""
    found = {
        path: match["prefix"]
        for path in sorted(folder.iterdir())
        if (match := MATRIX.fullmatch(path.name)) and not path.name.startswith(".")
    }
    if len(found) > 1:
        raise XbenchError(
            f"{folder}: several matrices ({', '.join(path.name for path in found)}); give a folder "
            "with one matrix and its features.tsv and barcodes.tsv"
        )
    return next(iter(found.items()))


def _companion(folder: Path, name: str) -> Path:
    """Return the file of this name, or the gzipped one."""
    found = [path for path in (folder / f"{name}.gz", folder / name) if path.exists()]
    if len(found) > 1:
        raise XbenchError(
            f"{folder}: both {name} and {name}.gz are there; keep the one of this matrix"
        )
    if not found:
        raise XbenchError(f"{folder}: no file {name} or {name}.gz; put it beside the matrix")
    return found[0]


def _features(path: Path) -> pd.DataFrame:
    table = read_tsv(path, widths=_WIDTHS)
    table.columns = list(_FEATURE_COLUMNS[: table.shape[1]])
    places = list(table.columns[3:])
    # Empty or NA where a gene has no place.
    table[places] = table[places].mask(table[places].isin(["", "NA"]))
    return table


def _require_fitting(
    header: MatrixHeader, features: Path, n_features: int, barcodes: Path, n_cells: int
) -> None:
    """Check the matrix's header against its tables, before anything is made in its size."""
    for said, table, lines, what in (
        (header.n_rows, features, n_features, "rows"),
        (header.n_columns, barcodes, n_cells, "columns"),
    ):
        if said != lines:
            raise XbenchError(
                f"{header.path}: has {said} {what}, but {table.name} has {lines} lines; get "
                "matrix and tables of the same run"
            )
