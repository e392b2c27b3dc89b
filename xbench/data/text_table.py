"""Text as strangers write it: in any usual encoding, its lines ended in any usual way, as rows.

UTF-8 with and without a byte order mark, UTF-16, UTF-32 and Windows-1252, gzipped or not; quoted or
not, with blank and comment lines. Everything that is read as text is read here.
"""

import codecs
import csv
import io
import re
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from xbench.data.open_files import LARGEST_TEXT, opened_bytes
from xbench.errors import XbenchError, XbenchWarning
from xbench.utils.text import plain

_MARKS = (
    # That of UTF-32 begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1b\x7f]")


class Row(NamedTuple):
    """The fields of a line, without spaces at their ends, and its number in the file."""

    line: int
    fields: list[str]

    @property
    def shown(self) -> str:
        """The row as an error shows it."""
        return plain(" | ".join(self.fields), longest=120)


def read_text(path: Path, largest: int = LARGEST_TEXT) -> str:
    """Return a file's text, unpacked, whatever its encoding.

    Raises
    ------
    XbenchError
        It is absent, damaged, too large, or holds what is no text.

    Warns
    -----
    XbenchWarning
        It is not UTF-8, so that its letters are guessed to be those of Windows-1252.
    """
    with opened_bytes(path, largest) as file:
        content = file.read()
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            text = _decoded(content, encoding, path).removeprefix("\ufeff")
            break
    else:
        # UTF-16 without a mark: every other byte of plain letters is 0.
        halves = content[0:200:2].count(0), content[1:200:2].count(0)
        if max(halves) > 0.4 * len(content[:200]):
            text = _decoded(content, "utf-16-le" if halves[1] > halves[0] else "utf-16-be", path)
        else:
            text = _utf8_or_windows(content, path)
    if found := _CONTROLS.search(text):
        raise XbenchError(
            f"{path}: line {_line_of(text, found.start())} holds the control character "
            f"{found.group()!r}, so it is no text; give a table of text"
        )
    return text


def _decoded(content: bytes, encoding: str, path: Path) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise XbenchError(
            f"{path}: begins as {encoding.upper()}, but byte {error.start:,} is none; write it "
            "again as UTF-8"
        ) from error


def _utf8_or_windows(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        # A mark in the middle: parts of different encodings were put together.
        if codecs.BOM_UTF16_LE in content or codecs.BOM_UTF16_BE in content:
            reason = "holds parts of different encodings"
            raise XbenchError(f"{path}: {reason}; write it again as UTF-8") from error
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError as other:
            raise XbenchError(
                f"{path}: byte {other.start:,} ({content[other.start]:#04x}) is neither UTF-8 nor "
                "Windows-1252; write it again as UTF-8"
            ) from error
        word = next(iter(re.findall(r"\w*[^\x00-\x7f]\w*", text)), "")
        warnings.warn(
            f"{path}: is not UTF-8, so it is read as Windows-1252 ({plain(word, 40)!r}); write it "
            "again as UTF-8 if that is not right",
            XbenchWarning,
            stacklevel=4,
        )
        return text


def _line_of(text: str, place: int) -> int:
    return len(re.findall(r"\r\n|\r|\n", text[:place])) + 1


def read_rows(
    text: str, delimiter: str, path: Path, comments: tuple[str, ...] = (), first_line: int = 1
) -> Iterator[Row]:
    r"""Yield the rows of a text that are not blank, with quotes taken off.

    Parameters
    ----------
    text
        Lines that end in any of the usual ways.
    delimiter
        One character.
    path
        For the error's text.
    comments
        Lines whose first field begins so are passed over.
    first_line
        Number of the text's first line in its file.

    Examples
    --------
    >>> [row.fields for row in read_rows('a,"b, c"\r\n,,\r\nd,e', ",", Path("x.csv"))]
    [['a', 'b, c'], ['d', 'e']]
    """
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    line = first_line
    try:
        for fields in reader:
            number, line = line, first_line + reader.line_num
            fields = [field.strip() for field in fields]
            if any(fields) and not fields[0].startswith(comments or ("\0",)):
                yield Row(number, fields)
    except csv.Error as error:
        raise XbenchError(
            f"{path}: line {line} cannot be read ({error}); mend its quotes"
        ) from error


def read_tsv(path: Path, widths: Collection[int], comments: tuple[str, ...] = ()) -> pd.DataFrame:
    r"""Read tab-separated text without a header.

    Parameters
    ----------
    path
        The file; its content decides whether it is unpacked.
    widths
        How many columns it may have; tabs at the ends of lines beyond that do not count.
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
    rows = list(read_rows(read_text(path), "\t", path, comments))
    if not rows:
        return pd.DataFrame(columns=range(min(widths)), dtype=str)
    expected = len(rows[0].fields)
    if expected not in widths:
        # The widest that is not wider than the line, if all beyond it is empty in every line.
        narrower = [width for width in widths if width < expected]
        expected = max(narrower, default=expected)
    allowed = " or ".join(str(width) for width in sorted(widths))
    for number, fields in rows:
        if expected not in widths or len(fields) < expected or any(fields[expected:]):
            told = expected if len(rows[0].fields) == expected in widths else allowed
            raise XbenchError(
                f"{path}: line {number} has {len(fields)} columns but must have {told}; "
                "separate them by tabs"
            )
    return pd.DataFrame([fields[:expected] for _, fields in rows], dtype=str)
