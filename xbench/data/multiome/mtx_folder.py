"""Layout: a folder with ``matrix.mtx``, ``features.tsv`` and ``barcodes.tsv``, as CellRanger ARC.

Each may be gzipped, and all three may begin with the same prefix, as GEO has it:
``GSE123_matrix.mtx.gz``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from xbench.data.multiome.mtx import Header, read_header, read_rows_apart
from xbench.data.multiome.raw import RawMultiome
from xbench.data.multiome.tables import read_tsv
from xbench.data.multiome.typed_features import assembled, columns_by_modality
from xbench.errors import XbenchError

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
        if (match := MATRIX.fullmatch(path.name))
    }
    if len(found) > 1:
        raise XbenchError(
            f"{folder}: several matrices ({', '.join(path.name for path in found)}); give a folder "
            "with one matrix and its features.tsv and barcodes.tsv"
        )
    return next(iter(found.items()))


def _companion(folder: Path, name: str) -> Path:
    """Return the file of this name, or the gzipped one."""
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise XbenchError(f"{folder}: no file {name} or {name}.gz; put it beside the matrix")


def _features(path: Path) -> pd.DataFrame:
    table = read_tsv(path, widths=_WIDTHS)
    table.columns = list(_FEATURE_COLUMNS[: table.shape[1]])
    places = list(table.columns[3:])
    # Empty or NA where a gene has no place.
    table[places] = table[places].mask(table[places].isin(["", "NA"]))
    return table


def _require_fitting(
    header: Header, features: Path, n_features: int, barcodes: Path, n_cells: int
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
