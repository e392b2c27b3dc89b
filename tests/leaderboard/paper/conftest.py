"""Evidence as the paper itself would give it, to be changed by a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from xbench.leaderboard.paper import CrossEffects, Evidence, published
from xbench.leaderboard.paper.published import TARGETS

TYPES = tuple(TARGETS)
GENES = [(cell_type, gene) for cell_type, genes in TARGETS.items() for gene in genes]


def papers_table1() -> dict[Any, Any]:
    """Every gene has the value of its row: by (L, metric), method and target."""
    values: dict[Any, Any] = {}
    for one in published(1):
        if one.cell_type in TARGETS:
            of_method = values.setdefault((one.L, one.metric), {}).setdefault(one.method, {})
            of_method |= {(one.cell_type, gene): [one.value] for gene in TARGETS[one.cell_type]}
    return values


def papers_table2() -> dict[Any, Any]:
    """A hundred genes of each cell type, that spread around its row's value."""
    spread = np.linspace(-0.5, 0.5, 100)
    values: dict[Any, Any] = {}
    for one in published(2):
        of_method = values.setdefault((one.L, one.metric), {}).setdefault(one.method, {})
        genes = {(one.cell_type, f"G{i}"): [one.value + off] for i, off in enumerate(spread)}
        of_method |= genes
    return values


def papers_table3() -> dict[Any, Any]:
    """Of 16 targets so many hit that the mean is the paper's."""
    values: dict[Any, Any] = {}
    for one in published(3):
        hits = round(one.value * 16 / 100)
        row = {target: [100.0 * (index < hits)] for index, target in enumerate(GENES)}
        values.setdefault((one.L, one.metric), {})[one.method] = row
    return values


def diagonal(**changes: float | None) -> CrossEffects:
    """Own subsets -9, others' -3; a change is named ``row_column``."""
    rows = [
        [changes.get(f"{row}_{column}", -9.0 if row == column else -3.0) for column in TYPES]
        for row in TYPES
    ]
    return CrossEffects(TYPES, rows)


@pytest.fixture
def make_diagonal() -> Callable[..., CrossEffects]:
    return diagonal


@pytest.fixture
def papers() -> Evidence:
    """The paper's own numbers as evidence; each call gives fresh ones."""
    return Evidence(
        "human-cortex",
        "cross-modality",
        {**papers_table1(), **papers_table3()},
        papers_table2(),
        diagonal(),
    )
