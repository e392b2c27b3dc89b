"""Tables as Markdown, safe for names that come from strangers."""

from xbench.utils.text import escape

from .table import Block, Cell, Table


def markdown(table: Table) -> str:
    r"""Return a table as GitHub-flavoured Markdown, each block under its heading.

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
    >>> header = ((Cell("Method"), Cell("Score")),)
    >>> rows = ((Cell("a|b"), Cell("1", bold=True)),)
    >>> print(markdown(Table("Scores.", header, "lr", (Block("10", rows),))))
    Scores.
    <BLANKLINE>
    **L = 10**
    <BLANKLINE>
    | Method | Score |
    | :----- | ----: |
    | a\|b   | **1** |
    <BLANKLINE>
    """
    parts = [escape(table.caption)]
    for block in table.blocks:
        if block.value:
            parts.append(f"**{escape(table.block_name)} = {escape(block.value)}**")
        parts.append(_grid(table, block))
    if table.notes:
        parts.append("\n".join(f"- {escape(note)}" for note in table.notes))
    return "\n\n".join(parts) + "\n"


def _grid(table: Table, block: Block) -> str:
    # Markdown has one header row: further ones open the body.
    lines = [_spread(row) for row in (*table.header, *block.rows)]
    widths = [max(3, *(len(line[i]) for line in lines)) for i in range(len(table.alignment))]
    rules = [
        "-" * (width - 1) + ":" if side == "r" else ":" + "-" * (width - 1)
        for side, width in zip(table.alignment, widths, strict=True)
    ]
    lines.insert(1, rules)
    return "\n".join(_line(line, widths, table.alignment) for line in lines)


def _spread(row: tuple[Cell, ...]) -> list[str]:
    texts = []
    for cell in row:
        text = escape(cell.text)
        texts += [f"**{text}**" if cell.bold and text else text] + [""] * (cell.span - 1)
    return texts


def _line(texts: list[str], widths: list[int], alignment: str) -> str:
    padded = (
        text.rjust(width) if side == "r" else text.ljust(width)
        for text, width, side in zip(texts, widths, alignment, strict=True)
    )
    return f"| {' | '.join(padded)} |"
