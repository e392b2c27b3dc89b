"""A table of text, ready to be rendered in any format."""

from dataclasses import dataclass
from typing import Literal


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
