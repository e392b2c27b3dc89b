"""Of many cases of one kind a few run by default, and `pytest -m slow` runs the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def rest_slow(cases: Iterable[Any], fast: int | Collection[Any]) -> list[Any]:
    """Give the cases of a `pytest.mark.parametrize`, all but a few of them marked slow.

    Parameters
    ----------
    cases
        A tuple is a value for each of several arguments.
    fast
        How many of the first stay, or which.
    """
    cases = list(cases)
    if isinstance(fast, int):
        stays = [number < fast for number in range(len(cases))]
    else:
        stays = [case in fast for case in cases]
        # A case that was renamed would leave the fast tests without a word.
        assert sum(stays) == len(fast), f"not all of {fast} are among the cases"
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=[] if stay else [pytest.mark.slow],
        )
        for case, stay in zip(cases, stays, strict=True)
    ]
