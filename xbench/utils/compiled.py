"""How loops over numbers of single precision are compiled: one decorator for all of them.

They are compiled for the types that they are declared with, once an installation, on the first
import, and read from numba's cache after: not within the seconds of a run. Other threads run on
while they work.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core.typing import Signature

# Sums may be taken in another order, and multiplied and added in one step; a NaN stays a NaN.
FASTER = frozenset({"contract", "reassoc", "nsz"})
# As they are written.
EXACT: frozenset[str] = frozenset()

Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(
    *signatures: Signature, freedom: frozenset[str] = FASTER, checks_division: bool = True
) -> Callable[[Loop], Loop]:
    """Return the decorator of a compiled loop.

    Parameters
    ----------
    signatures
        Types that it is compiled for.
    freedom
        What LLVM may do with numbers (numba's `fastmath`): `FASTER`, `EXACT` or some of the former.
    checks_division
        Whether a division by zero raises an error, which no loop that is vectors can have; where
        not, it gives an infinity or NaN.

    Examples
    --------
    >>> decorator = compiled(numba.void(numba.float32[::1]), freedom=EXACT)
    >>> callable(decorator)
    True
    """
    decorator = numba.njit(
        list(signatures),
        cache=True,
        nogil=True,
        fastmath=set(freedom),
        error_model="python" if checks_division else "numpy",
    )
    return cast("Callable[[Loop], Loop]", decorator)
