"""Tables as comma-separated values: what they show, for a spreadsheet.

Tables as JSON: what they show, for programs.
"""

from __future__ import annotations

import csv
import io
import json

from xbench.utils.text import plain

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
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow([table.block_name, *map(plain, table.flat_header())])
    for block in table.blocks:
        for row in block.rows:
            texts = [text for cell in row for text in [cell.text] + [""] * (cell.span - 1)]
            writer.writerow([block.value, *map(plain, texts)])
    return output.getvalue()


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
    >>> from .formats.table import Block, Cell
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
