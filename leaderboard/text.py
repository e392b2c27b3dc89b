"""Names and reasons from strangers' files, made fit for one line."""

from __future__ import annotations

import unicodedata


def plain(text: object, longest: int | None = None) -> str:
    r"""Return text on one line, without control, direction or other invisible characters.

    Parameters
    ----------
    text
        Anything; turned into text.
    longest
        Number of characters to shorten it to, if it is longer.

    Examples
    --------
    >>> plain("two\nlines\x00")
    'two lines'
    >>> plain("abcdef", longest=4)
    'abc…'
    """
    line = str(text)
    if not line.isprintable():
        hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
        line = "".join(" " if unicodedata.category(letter) in hidden else letter for letter in line)
    line = " ".join(line.split())
    if longest is not None and len(line) > longest:
        line = line[: longest - 1] + "…"
    return line
