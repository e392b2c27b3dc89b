"""Which values are better, as statistics need to know it."""

from __future__ import annotations

from typing import Literal

from xbench.errors import unknown_name

Alternative = Literal["less", "greater"]

_BETTER: dict[str, tuple[float, Alternative]] = {
    "lower": (1.0, "less"),
    "higher": (-1.0, "greater"),
}


def alternative(direction: str) -> Alternative:
    """Return the one-sided alternative under which the first of two is the better one.

    Examples
    --------
    >>> alternative("lower")
    'less'
    """
    return _known(direction)[1]


def ascending(direction: str) -> float:
    """Return the factor that makes lower values the better ones.

    Examples
    --------
    >>> ascending("lower"), ascending("higher")
    (1.0, -1.0)
    """
    return _known(direction)[0]


def _known(direction: str) -> tuple[float, Alternative]:
    if direction not in _BETTER:
        raise unknown_name("direction", direction, _BETTER)
    return _BETTER[direction]
