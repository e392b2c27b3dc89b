"""The one sentence that says an array has the wrong shape."""

from __future__ import annotations

from xbench.errors import XbenchError


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
