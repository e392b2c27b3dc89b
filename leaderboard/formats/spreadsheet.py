"""Comma-separated values that a spreadsheet can open without running any of it."""

import csv
import io
import re
from collections.abc import Iterable

from xbench.utils.text import shown

# What may begin with a sign and still be a number, with its range or interval.
_NUMBER = re.compile(r"[+-][\d.,eE+\-±%()\[\]\s:;/<>≤≥]*")


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as comma-separated values in which no cell is a formula to a spreadsheet.

    A text that begins with ``=``, ``@`` or, unless it is a number, ``+`` or ``-`` gets an
    apostrophe in front, by which spreadsheets know text. Control characters become spaces.

    Parameters
    ----------
    rows
        Cells of any kind; None is empty.

    Examples
    --------
    >>> print(csv_text([["=1+1", "-0.5 ± 0.1", "-cmd|x", "a,b", 2.5]]))
    '=1+1,-0.5 ± 0.1,'-cmd|x,"a,b",2.5
    <BLANKLINE>
    """
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    for row in rows:
        writer.writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in row])
    return output.getvalue()


def _harmless(text: str) -> str:
    text = shown(text)
    first = text.strip()[:1]
    if first in {"=", "@", "＝", "＠"}:
        return f"'{text}"
    if first in {"+", "-", "＋", "－"} and not _NUMBER.fullmatch(text.strip()):
        return f"'{text}"
    return text
