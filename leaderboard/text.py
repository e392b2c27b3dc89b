"""Names and reasons from strangers' files, made fit for one line and for a file name."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_LONGEST_FILE_PART = 60


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


def file_part(name: str) -> str:
    """Return a name as a safe part of a file name; different names stay different.

    Letters, digits, ``.``, ``_`` and single ``-`` stay; a name that had anything else gets a
    short digest of the original behind it.

    Examples
    --------
    >>> file_part("snare-cortex")
    'snare-cortex'
    >>> file_part("../../evil")
    'evil-0fbfd372'
    """
    safe = re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-._")[:_LONGEST_FILE_PART]
    if safe == name and safe:
        return safe
    digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{safe or 'unnamed'}-{digest}"
