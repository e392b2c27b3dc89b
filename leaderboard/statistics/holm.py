"""Holm's correction of p-values for having tested several methods."""

from __future__ import annotations

from collections.abc import Sequence

from xbench.errors import XbenchError


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p-values after Holm's (1979) step-down correction.

    The smallest of m is multiplied by m, the next by m - 1 and so on; none falls below one that
    was smaller before, and none exceeds 1. Calling those below a level significant, the chance of
    a single false one among them is at most that level, however the tests hang together.

    Parameters
    ----------
    p_values
        One for each test; None for a test that could not be done, which does not count.

    Returns
    -------
    list
        In the same order, None where it was None.

    Raises
    ------
    XbenchError
        If one is not within 0 and 1.

    Examples
    --------
    >>> holm([0.01, None, 0.5, 0.25])
    [0.03, None, 0.5, 0.5]
    """
    done = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for position, (p, index) in enumerate(done):
        if not 0 <= p <= 1:
            raise XbenchError(f"p-value {index}: {p} is not within 0 and 1")
        largest = max(largest, min(1.0, p * (len(done) - position)))
        adjusted[index] = largest
    return adjusted
