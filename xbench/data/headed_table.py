r"""Tables with a header as strangers write them: one rule, and never a shifted column.

Commas, tabs, semicolons or R's quoted fields with spaces between them; a ``sep=`` line; comment and
blank lines above; R's row names, which have no name in the header; delimiters at the ends of rows.
What could be read in two ways is refused with the row shown.
"""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from xbench.data.text_table import Row, read_rows, read_text
from xbench.errors import XbenchError

_MOST_COLUMNS = 10_000
_DELIMITERS = {"\t": "tabs", ",": "commas", ";": "semicolons"}
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|$)")
# Excel's line that names the delimiter; the delimiter may be a tab.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
# A line of R's write.table: quoted texts and bare numbers with one space between them.
_SPACED = re.compile(r'"[^"]*"( ("[^"]*"|[\w.+-]+))+')


class _Body(NamedTuple):
    """A table from its header on, the header's line number, and the delimiter named above it."""

    text: str
    first_line: int
    delimiter: str | None


def read_headed(path: Path, identifiers: Collection[str], others: Collection[str]) -> pd.DataFrame:
    r"""Read a table with a header, as R, Excel, pandas and GEO write them.

    Parameters
    ----------
    path
        The file. A header that is one field short, as R writes it, names all but the first column,
        which is then called "".
    identifiers
        Names, in lower case, by which a column that names the rows goes. A header with one of them
        is not one field short.
    others
        Names of columns that do not name rows: a header that begins with one and is shorter than
        the rows is one field short.

    Returns
    -------
    Columns of strings, "" where a field is empty.

    Raises
    ------
    XbenchError
        It is absent, damaged or empty, or it cannot be told which column a field belongs to.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "table.csv"
    ...     _ = file.write_text('"","cell_type"\n"AAAC-1","Oligo"\n')
    ...     read_headed(file, ("barcode",), ()).to_dict("records")
    [{'': 'AAAC-1', 'cell_type': 'Oligo'}]
    """
    body = _body(read_text(path), identifiers)
    if not body.text.strip():
        raise XbenchError(f"{path}: is empty; give a table with a header")
    delimiter = body.delimiter or _delimiter(body.text, path)
    header, *rows = read_rows(body.text, delimiter, path, first_line=body.first_line)
    names = [header.fields[0].removeprefix("#").strip(), *header.fields[1:]]
    if len(names) > _MOST_COLUMNS:
        raise XbenchError(
            f"{path}: has {len(names):,} columns, more than {_MOST_COLUMNS:,}; keep those of "
            "barcodes and cell types"
        )
    rows = [row for row in rows if not _is_comment(row, len(names), path)]
    longest = max((_filled(row.fields) for row in rows), default=0)
    while not names[-1] and len(names) > max(longest, 1):
        names.pop()
    quoted = body.text.lstrip().startswith('"')
    if _has_row_names(names, rows, identifiers, others, quoted or delimiter in "\t ", path):
        names = ["", *names]
    width = len(names)
    for row in rows:
        if len(row.fields) < width or any(row.fields[width:]):
            raise _ragged(path, row, width)
    return pd.DataFrame([row.fields[:width] for row in rows], columns=names, dtype=str)


def _body(text: str, identifiers: Collection[str]) -> _Body:
    """Pass over what is above the header."""
    delimiter = None
    for number, match in enumerate(_LINE.finditer(text), start=1):
        line = match[1]
        if named := _SEPARATOR_LINE.fullmatch(line):
            delimiter = named[1]
            continue
        first = re.split(r"[,\t;]", line.lstrip("#"))[0].strip().lower()
        comment = line.startswith("#") and first not in identifiers
        if line.strip(" ,;\t") and not comment:
            return _Body(text[match.start() :], number, delimiter)
        if match.end() == len(text):
            break
    return _Body("", 1, delimiter)


def _delimiter(text: str, path: Path) -> str:
    """Return what separates fields: what does so outside of quotes in the header, and fits."""
    lines = [match[1] for _, match in zip(range(2), _LINE.finditer(text), strict=False)]
    for line in lines:
        present = [mark for mark in _DELIMITERS if mark in _QUOTED.sub("", line)]
        if len(present) == 1:
            return present[0]
        if present:
            fitting = [mark for mark in present if _fits(text, mark, path)]
            if len(fitting) != 1:
                words = " or ".join(_DELIMITERS[mark] for mark in fitting or present)
                raise XbenchError(
                    f"{path}: cannot tell whether {words} separate its columns: {line!r:.100}; "
                    "write it with one of them"
                )
            return fitting[0]
        if _SPACED.fullmatch(line):
            return " "
    return ","


def _fits(text: str, delimiter: str, path: Path) -> bool:
    """Whether all rows are as long as the header, or as R has it all longer by one."""
    try:
        header, *rows = read_rows(text, delimiter, path)
    except XbenchError:
        return False
    width = _filled(header.fields)
    lengths = {_filled(row.fields) for row in rows}
    return max(lengths, default=0) <= width > 1 or lengths == {width + 1}


def _filled(fields: Sequence[str]) -> int:
    """Return the number of fields without the empty ones at the end."""
    return next((at for at in range(len(fields), 0, -1) if fields[at - 1]), 0)


def _is_comment(row: Row, width: int, path: Path) -> bool:
    if not row.fields[0].startswith("#"):
        return False
    if _filled(row.fields) in (width, width + 1):
        raise XbenchError(
            f"{path}: line {row.line} could be a comment or a row: {row.shown}; remove it, or the #"
        )
    return True


def _has_row_names(
    names: list[str],
    rows: list[Row],
    identifiers: Collection[str],
    others: Collection[str],
    like_r: bool,
    path: Path,
) -> bool:
    """Whether the first column is one of row names that the header does not name.

    Then every row is longer by one. So it is where each row ends in a delimiter, or in a value that
    holds one without quotes.
    """
    width = len(names)
    if not rows or any(len(row.fields) <= width for row in rows):
        return False
    if not names[0] or any(name.lower() in identifiers for name in names):
        return False
    one_more = all(len(row.fields) == width + 1 for row in rows)
    ends_empty = not any(any(row.fields[width:]) for row in rows)
    if one_more and (names[0] in others or (like_r and not ends_empty)):
        return True
    raise XbenchError(
        f"{path}: line {rows[0].line} has {len(rows[0].fields)} fields, the header {width}, and it "
        f"cannot be told which is which: {rows[0].shown}; name each column in the header, barcodes "
        "'barcode', and quote values that hold the delimiter"
    )


def _ragged(path: Path, row: Row, width: int) -> XbenchError:
    return XbenchError(
        f"{path}: line {row.line} has {len(row.fields)} fields, but the header {width}: "
        f"{row.shown}; quote values that hold the delimiter, and write each field"
    )
