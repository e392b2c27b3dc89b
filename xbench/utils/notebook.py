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
    >>> table_html("Peaks", ["peak"], [["<b>"]])
    '<div><p>Peaks</p><table><thead><tr><th>peak</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table></div>'
    """
    heads = "".join(f"<th>{escaped(head)}</th>" for head in header)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    below = "".join(f"<p><small>{escaped(note)}</small></p>" for note in notes)
    head = f"<thead><tr>{heads}</tr></thead>" if heads else ""
    return f"<div><p>{escaped(caption)}</p><table>{head}<tbody>{body}</tbody></table>{below}</div>"


def _cell(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = f"{value:,.6g}" if isinstance(value, float) else value
    style = ' style="text-align: right"' if is_number else ""
    return f"<td{style}>{escaped(text)}</td>"


def escaped(text: object) -> str:
    """Return text that HTML shows as it is, without invisible characters.

    Examples
    --------
    >>> escaped("<script>alert('1')</script>")
    '&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;'
    """
    return html.escape(shown(text))
