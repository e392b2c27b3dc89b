"""A table of cell types beside the data: barcode and cell type, as GEO and R scripts keep them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from xbench.data.multiome.raw import require_unique
from xbench.data.multiome.tables import read_headed
from xbench.errors import XbenchError

_BARCODE_COLUMNS = ("barcode", "barcodes")


def read_labels(path: Path, cell_type_key: str) -> pd.Series:
    r"""Read the cell type of each barcode.

    Parameters
    ----------
    path
        A CSV or TSV file with a header, gzipped or not. Barcodes stand in the column called
        ``barcode``, in any letter case, else in the first one.
    cell_type_key
        The column with the cell types.

    Returns
    -------
    Cell types indexed by barcode; barcodes whose type is missing are left out.

    Raises
    ------
    XbenchError
        The file is absent or damaged, lacks the column, names a barcode twice, or holds no type.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "labels.csv"
    ...     _ = file.write_text("barcode,cell_type\nAAAC-1,Oligo\nAAAG-1,\n")
    ...     read_labels(file, "cell_type").to_dict()
    {'AAAC-1': 'Oligo'}
    """
    if not path.is_file():
        raise XbenchError(
            f"{path}: no such file; give a CSV or TSV file of barcodes and cell types"
        )
    table = read_headed(path)
    if cell_type_key not in table.columns:
        named = [str(column) for column in table.columns if column]
        raise XbenchError(
            f"{path}: no column {cell_type_key!r} with the cell type; there are: "
            f"{', '.join(named)}; name one with --cell-type-key"
        )
    index = pd.Index(table[_barcode_column(table)].fillna("").astype(str))
    labels = pd.Series(table[cell_type_key].str.strip().to_numpy(), index=index, dtype=object)
    labels = labels[labels.notna() & (labels != "") & (index != "")]
    if labels.empty:
        raise XbenchError(
            f"{path}: column {cell_type_key!r} names no cell type; name another column with "
            "--cell-type-key"
        )
    require_unique(labels.index, "barcode", str(path))
    return labels.astype(str)


def _barcode_column(table: pd.DataFrame) -> str:
    named = [name for name in table.columns if str(name).lower() in _BARCODE_COLUMNS]
    return named[0] if named else table.columns[0]
