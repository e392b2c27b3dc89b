"""Names from strangers' files, made fit for a file name."""

from __future__ import annotations

import hashlib
import re

_LONGEST = 60


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
    safe = re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-._")[:_LONGEST]
    if safe == name and safe:
        return safe
    digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{safe or 'unnamed'}-{digest}"
