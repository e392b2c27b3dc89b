"""Seeds that depend on what is run, never on the order of runs or on a global state."""

import hashlib


def derive_seed(*parts: str | int) -> int:
    """Derive a seed from the names of a thing.

    A run's seed is ``derive_seed(task, cell type, output, method label, repetition)``: it derives
    from the task, the target (which is a cell type and an output), the method and the repetition,
    and from nothing else. In particular not from L, so that a method that ranks features gives
    for L = 10 the first ten of its L = 128, and not from the other runs, so that one run alone
    equals the same run among thousands, in any order and on any number of processes.

    Parameters
    ----------
    *parts
        At least one text or whole number. ``1`` and ``"1"`` are different, and so are
        ``("ab", "c")`` and ``("a", "bc")``.

    Returns
    -------
    int
        In [0, 2**63): the range that numpy, torch and a signed 64-bit column all take.

    Raises
    ------
    TypeError
        For a part that is neither text nor a whole number, or no part at all.

    Examples
    --------
    >>> derive_seed("mnist-binary", "8", "3", "grids", 0)
    5470928023943175916
    """
    if not parts:
        raise TypeError("derive_seed needs at least one part")
    digest = hashlib.sha256(b"".join(_encode(part) for part in parts)).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _encode(part: str | int) -> bytes:
    """Encode one part with its type and its length in front, so that no two lists collide."""
    if isinstance(part, bool) or not isinstance(part, str | int):
        raise TypeError(f"a part of a seed must be text or a whole number, not {part!r}")
    kind = b"s" if isinstance(part, str) else b"i"
    content = str(part).encode("utf-8")
    return kind + len(content).to_bytes(8, "big") + content
