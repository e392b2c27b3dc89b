"""Tables of text, gzipped or not: every field a string, and every row as long as it must be.

A table of cell types beside the data: barcode and cell type, as GEO and R scripts keep them.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from xbench.data.multiome.open_files import opened_bytes
from xbench.data.multiome.raw import require_unique
from xbench.errors import XbenchError


def read_tsv(path: Path, widths: Collection[int], comments: tuple[str, ...] = ()) -> pd.DataFrame:
    r"""Read tab-separated text without a header.

    Parameters
    ----------
    path
        The file; its content decides whether it is unpacked.
    widths
        How many columns it may have.
    comments
        Lines that begin so are passed over.

    Returns
    -------
    Columns 0, 1, ..., each of strings; "" where a field is empty. No row where the file is empty.

    Raises
    ------
    XbenchError
        It is absent, damaged or cut short, or a line has another number of columns than the first.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "peaks.bed"
    ...     _ = file.write_text("# peaks\nchr1\t5\t9\n")
    ...     read_tsv(file, widths=(3,), comments=("#",)).to_numpy().tolist()
    [['chr1', '5', '9']]
    """
    with opened_bytes(path) as file:
        text = file.read().decode("utf-8-sig")
    lines = text.splitlines()
    rows = [
        (number, line.split("\t"))
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.startswith(comments or ("\0",))
    ]
    if not rows:
        return pd.DataFrame(columns=range(min(widths)), dtype=str)
    expected = len(rows[0][1])
    allowed = " or ".join(str(width) for width in sorted(widths))
    for number, fields in rows:
        if expected not in widths or len(fields) != expected:
            wanted = allowed if expected not in widths else expected
            raise XbenchError(
                f"{path}: line {number} has {len(fields)} columns but must have {wanted}; "
                "separate them by tabs"
            )
    return pd.DataFrame([fields for _, fields in rows], dtype=str)


def read_headed(path: Path) -> pd.DataFrame:
    r"""Read a CSV or TSV table with a header, as R, Excel, pandas and GEO write them.

    Parameters
    ----------
    path
        The file; commas or tabs, whichever the header holds, separate fields. A header that is one
        field short, as R writes it, names all but the first column, which is then called "".

    Returns
    -------
    Columns of strings, missing values (empty, NA, NaN) as NaN.

    Raises
    ------
    XbenchError
        It is absent, damaged, cut short or empty.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "table.csv"
    ...     _ = file.write_text('"","cell_type"\n"AAAC-1","Oligo"\n')
    ...     read_headed(file).to_dict("records")
    [{'': 'AAAC-1', 'cell_type': 'Oligo'}]
    """
    with opened_bytes(path) as file:
        first = file.readline()
    if not first.strip():
        raise XbenchError(f"{path}: is empty; give a table with a header")
    separator = "\t" if b"\t" in first else ","
    with opened_bytes(path) as file:
        table = pd.read_csv(file, sep=separator, dtype=str)
    if not isinstance(table.index, pd.RangeIndex):
        table = table.rename_axis("").reset_index()
    # pandas' own name for a column without one.
    return table.rename(columns={"Unnamed: 0": ""})


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
