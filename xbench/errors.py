"""Errors a user can act on: what is wrong, where, and what to do.

The one sentence that says an array has the wrong shape.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class XbenchError(Exception):
    """A mistake in the input, not in the program.

    The command line prints it as one line, without a traceback, and exits with code 2.

    Examples
    --------
    >>> raise XbenchError("counts.h5mu: no modality 'atac'; rename one of: peaks, rna")
    Traceback (most recent call last):
    xbench.errors.XbenchError: counts.h5mu: no modality 'atac'; rename one of: peaks, rna
    """


class XbenchWarning(UserWarning):
    """Something in the input that was dealt with, and that a user should know of.

    The command line prints it as one line and goes on.

    Examples
    --------
    >>> raise XbenchWarning("labels.csv: 3 of 10 cells have no type and are left out")
    Traceback (most recent call last):
    xbench.errors.XbenchWarning: labels.csv: 3 of 10 cells have no type and are left out
    """


def nearest(name: str, valid: Iterable[str], count: int = 3) -> list[str]:
    """Return up to `count` valid names nearest to `name`, nearest first, ignoring case.

    Examples
    --------
    >>> nearest("gad1", ["Gad1", "Gad2", "Mog"])
    ['Gad1', 'Gad2']
    """
    by_lower = {value.lower(): value for value in valid}
    matches = difflib.get_close_matches(name.lower(), by_lower, n=count, cutoff=0.5)
    return [by_lower[match] for match in matches]


def unknown_name(kind: str, name: str, valid: Iterable[str], where: str = "") -> XbenchError:
    """Build the error for a name that is not known, naming the nearest valid ones.

    Parameters
    ----------
    kind
        What the name should have been, such as ``"method"`` or ``"gene"``.
    name
        The name as the user gave it.
    valid
        Every valid name.
    where
        A file, dataset or option the name was looked for in; shown in front.

    Examples
    --------
    >>> str(unknown_name("method", "grid", ["grids", "random"]))
    "unknown method 'grid'. Nearest: grids. Valid methods: grids, random"
    """
    names = sorted(set(valid))
    close = nearest(name, names)
    message = f"{where}: " if where else ""
    message += f"unknown {kind} {name!r}."
    if close:
        message += f" Nearest: {', '.join(close)}."
    if len(names) <= 20:
        message += f" Valid {kind}s: {', '.join(names)}"
    else:
        message += f" There are {len(names)} {kind}s, such as {', '.join(names[:3])}"
    return XbenchError(message)


def require_shape(name: str, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Raise `XbenchError` unless `shape` is `expected`.

    Parameters
    ----------
    name
        What the array is called where the user gave it.
    shape, expected
        The shape it has and the shape it must have.

    Examples
    --------
    >>> require_shape("cell_types", (3,), (4,))
    Traceback (most recent call last):
    xbench.errors.XbenchError: cell_types has shape (3,) but must have shape (4,)
    """
    if tuple(shape) != tuple(expected):
        raise XbenchError(f"{name} has shape {tuple(shape)} but must have shape {tuple(expected)}")
