"""Small HTML tables for notebooks: every text is escaped, nothing is styled.

Without colours of their own they take those of the notebook, in dark mode too.
"""

import html
from collections.abc import Iterable, Sequence

from xbench.utils.text import shown


def table_html(
    caption: str,
    header: Sequence[object],
    rows: Iterable[Sequence[object]],
    notes: Iterable[str] = (),
) -> str:
    """Return a table; names from strangers do no harm in it.

    Parameters
    ----------
    caption
        What it is, above the table.
    header
        Heads of the columns; without any there is no such row.
    rows
        Cells; numbers stand to the right.
    notes
        Lines below the table.

    Examples
    --------
    >>> ">&lt;b&gt;</td>" in table_html("Peaks", ["peak"], [["<b>"]])
    True
    """
    cells = [list(row) for row in rows]
    sides = [_side(cell) for cell in cells[0]] if cells else [""] * len(header)
    heads = "".join(
        f"<th{side}>{escaped(head)}</th>" for head, side in zip(header, sides, strict=False)
    )
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in cells)
    below = "".join(f"<p><small>{escaped(note)}</small></p>" for note in notes)
    head = f"<thead><tr>{heads}</tr></thead>" if heads else ""
    return f"<div><p>{escaped(caption)}</p><table>{head}<tbody>{body}</tbody></table>{below}</div>"


def _cell(value: object) -> str:
    text = f"{value:,.6g}" if isinstance(value, float) else value
    return f"<td{_side(value)}>{escaped(text)}</td>"


def _side(value: object) -> str:
    """Where a cell stands: numbers to the right, all else to the left."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f' style="text-align: {"right" if is_number else "left"}"'


def escaped(text: object) -> str:
    """Return text that HTML shows as it is, without invisible characters.

    Examples
    --------
    >>> escaped("<script>alert('1')</script>")
    '&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;'
    """
    return html.escape(shown(text))
