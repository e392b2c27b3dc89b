"""A table of text, ready to be rendered in any format."""

from dataclasses import dataclass
from typing import Literal

from xbench.utils.notebook import escaped


@dataclass(frozen=True)
class Cell:
    """A cell.

    Parameters
    ----------
    text
        Plain text; each format escapes it.
    bold
        Whether it is the best of its row.
    span
        Number of columns it covers.
    """

    text: str
    bold: bool = False
    span: int = 1


@dataclass(frozen=True)
class Block:
    """Rows that belong together.

    Parameters
    ----------
    value
        What they have in common, such as the ``"10"`` of L = 10; empty for a block that needs no
        heading.
    rows
        Their cells, as many as the table has columns.
    """

    value: str
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Table:
    """A table.

    Parameters
    ----------
    caption
        What it shows, one sentence or more.
    header
        Header rows; the spans of each add up to the number of columns.
    alignment
        ``"l"`` or ``"r"`` for each column.
    blocks
        The body.
    block_name
        Name of what the blocks differ in, such as ``"L"``.
    notes
        Footnotes, one sentence or more each.

    Examples
    --------
    >>> table = Table(
    ...     "Scores.", ((Cell("Method"), Cell("Score")),), "lr",
    ...     (Block("10", ((Cell("grids"), Cell("1.0", bold=True)),)),), "L",
    ... )
    >>> len(table.alignment)
    2
    """

    caption: str
    header: tuple[tuple[Cell, ...], ...]
    alignment: str
    blocks: tuple[Block, ...]
    block_name: Literal["L"] = "L"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rows = [*self.header, *(row for block in self.blocks for row in block.rows)]
        for row in rows:
            width = sum(cell.span for cell in row)
            if width != len(self.alignment):
                raise ValueError(f"row has {width} columns but must have {len(self.alignment)}")

    def _repr_html_(self) -> str:
        parts = [f"<p>{escaped(self.caption)}</p>"]
        for block in self.blocks:
            if block.value:
                parts.append(f"<p><b>{escaped(self.block_name)} = {escaped(block.value)}</b></p>")
            head = "".join(self._row_html(row, "th") for row in self.header)
            body = "".join(self._row_html(row, "td") for row in block.rows)
            parts.append(f"<table><thead>{head}</thead><tbody>{body}</tbody></table>")
        parts += [f"<p><small>{escaped(note)}</small></p>" for note in self.notes]
        return f"<div>{''.join(parts)}</div>"

    def _row_html(self, row: tuple[Cell, ...], tag: str) -> str:
        cells, column = [], 0
        for cell in row:
            side = "right" if self.alignment[column] == "r" else "left"
            text = f"<b>{escaped(cell.text)}</b>" if cell.bold else escaped(cell.text)
            span = f' colspan="{cell.span}"' if cell.span > 1 else ""
            cells.append(f'<{tag}{span} style="text-align: {side}">{text}</{tag}>')
            column += cell.span
        return f"<tr>{''.join(cells)}</tr>"
