"""Tables of text, gzipped or not: every field a string, and every row as long as it must be."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from xbench.data.multiome.files import opened_bytes
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
