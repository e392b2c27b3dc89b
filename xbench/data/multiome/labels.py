"""A table of cell types beside the data: barcode and cell type, as GEO and R scripts keep them."""

import warnings
from pathlib import Path

import pandas as pd

from xbench.data.cell_types import as_cell_types, missing_words
from xbench.data.headed_table import read_headed
from xbench.data.multiome.raw import require_unique
from xbench.errors import XbenchError, XbenchWarning

# By which name barcodes go, the surest first; the last ones are only hints that rows are named.
_BARCODE_COLUMNS = ("barcode", "barcodes", "cell_barcode", "cell_id", "cellid")
_IDENTIFIERS = (*_BARCODE_COLUMNS, "cell", "cells", "cell.id", "cell_name", "id", "index", "name")


def read_labels(path: Path, cell_type_key: str) -> pd.Series:
    r"""Read the cell type of each barcode.

    Parameters
    ----------
    path
        A table with a header (see `xbench.data.headed_table`), gzipped or not. Barcodes stand in
        the column called ``barcode``, ``cell_barcode`` or ``cell_id``, in any letter case, else in
        the first one.
    cell_type_key
        The column with the cell types.

    Returns
    -------
    Cell types indexed by barcode; barcodes whose type is missing are left out.

    Raises
    ------
    XbenchError
        The file is absent or damaged, lacks the column or has it twice, names a barcode twice, or
        holds no type.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "labels.csv"
    ...     _ = file.write_text("barcode,cell_type\nAAAC-1,Oligo\nAAAG-1,\n")
    ...     read_labels(file, "cell_type").to_dict()
    {'AAAC-1': 'Oligo'}
    """
    if not path.exists():
        raise XbenchError(
            f"{path}: no such file; give a CSV or TSV file of barcodes and cell types"
        )
    table = read_headed(path, _IDENTIFIERS, (cell_type_key,))
    named = list(table.columns)
    if cell_type_key not in named:
        there = ", ".join(name for name in named if name)
        raise XbenchError(
            f"{path}: no column {cell_type_key!r} with the cell type; there are: {there:.200}; "
            "name one with --cell-type-key, or write a first line with the names of the columns"
        )
    if named.count(cell_type_key) > 1:
        raise XbenchError(f"{path}: has two columns {cell_type_key!r}; keep one")
    column = table[cell_type_key]
    types = as_cell_types(column, f"{path}: column {cell_type_key!r}")
    barcodes = table.iloc[:, _barcode_column(named, path)]
    labels = pd.Series(types.to_numpy(), index=pd.Index(barcodes), dtype=object)
    labels = labels[labels.notna() & (labels.index != "")]
    if labels.empty:
        raise XbenchError(
            f"{path}: column {cell_type_key!r} names no cell type; name another column with "
            "--cell-type-key"
        )
    if words := missing_words(column):
        warnings.warn(
            f"{path}: {' and '.join(map(repr, words))} in column {cell_type_key!r} is taken for a "
            "type that is not known",
            XbenchWarning,
            stacklevel=2,
        )
    _require_names(labels.index, path)
    require_unique(labels.index, "barcode", str(path))
    return labels.astype(str)


def _barcode_column(columns: list[str], path: Path) -> int:
    """Return the number of the column with the barcodes."""
    lower = [name.lower() for name in columns]
    for name in _BARCODE_COLUMNS:
        if lower.count(name) > 1:
            raise XbenchError(f"{path}: has two columns {name!r}; keep the one with the barcodes")
        if name in lower:
            return lower.index(name)
    return 0


def _require_names(barcodes: pd.Index, path: Path) -> None:
    """Refuse a first column that only counts the rows: 1, 2, 3 are no barcodes."""
    counted = [str(number) for number in range(len(barcodes) + 1)]
    if len(barcodes) > 1 and list(barcodes) in (counted[1:], counted[:-1]):
        raise XbenchError(
            f"{path}: its first column numbers the rows, and none is called 'barcode'; give the "
            "column of barcodes that name"
        )
