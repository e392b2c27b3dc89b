"""Tables as comma-separated values: what they show, for a spreadsheet.

Tables as JSON: what they show, for programs.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable

from xbench.utils.text import plain, shown

from .table import Table


def csv_table(table: Table) -> str:
    """Return a table as comma-separated values: one header row, and the block in column one.

    For the numbers at full precision see ``results.csv``.

    Parameters
    ----------
    table
        Any table. Caption and notes are left out.

    Returns
    -------
    str
        Text that ends with a newline.

    Examples
    --------
    >>> from .table import Block, Cell
    >>> rows = ((Cell("grids"), Cell("1,234")),)
    >>> print(csv_table(Table("", ((Cell("a"), Cell("b")),), "lr", (Block("10", rows),))))
    L,a,b
    10,grids,"1,234"
    <BLANKLINE>
    """
    rows: list[list[object]] = [[table.block_name, *map(plain, table.flat_header())]]
    for block in table.blocks:
        for row in block.rows:
            texts = [text for cell in row for text in [cell.text] + [""] * (cell.span - 1)]
            rows.append([block.value, *map(plain, texts)])
    return csv_text(rows)


# A number as tables show it, with its spread or unit: nothing that a spreadsheet would run.
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


def json_table(table: Table) -> str:
    """Return a table as JSON: caption, columns, rows by block, notes.

    For the numbers at full precision see ``results.csv``.

    Parameters
    ----------
    table
        Any table. A cell that spans several columns is followed by empty ones.

    Returns
    -------
    str
        Text that ends with a newline.

    Examples
    --------
    >>> from .table import Block, Cell
    >>> rows = ((Cell("grids"), Cell("1.0")),)
    >>> table = Table("Scores.", ((Cell("Method"), Cell("Score")),), "lr", (Block("10", rows),))
    >>> json.loads(json_table(table))["blocks"]
    [{'L': '10', 'rows': [['grids', '1.0']]}]
    """
    content = {
        "caption": plain(table.caption),
        "columns": [plain(text) for text in table.flat_header()],
        "blocks": [
            {
                table.block_name: plain(block.value),
                "rows": [
                    [plain(text) for cell in row for text in [cell.text] + [""] * (cell.span - 1)]
                    for row in block.rows
                ],
            }
            for block in table.blocks
        ],
        "notes": [plain(note) for note in table.notes],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
