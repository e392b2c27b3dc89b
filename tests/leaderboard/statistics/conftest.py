"""Made-up values of methods on targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

Table = dict[str, dict[tuple[str, str], list[float]]]
Maker = Callable[..., Table]


def build_values(**means: Sequence[float | Sequence[float]]) -> Table:
    """Return values by method: a number is a target's only repetition."""
    return {
        name: {
            ("VIP", f"GENE{index:02}"): [float(entry)]
            if isinstance(entry, int | float)
            else [float(value) for value in entry]
            for index, entry in enumerate(row)
        }
        for name, row in means.items()
    }


@pytest.fixture
def make_values() -> Maker:
    return build_values
