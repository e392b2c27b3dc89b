"""A linear model over peaks around a gene, for the controls; no test lives here."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import Any

import numpy as np

from xbench import Problem
from xbench.data.dataset import Target
from xbench.data.features import Features, Interval
from xbench.registry.find import explainer_class

from ..toys import LinearToy, make_problem

# A gene of two kilobases on chr2, and peaks around it.
GENE = Interval("chr2", 10_000, 12_000)
PLACES = [
    ("chr1", 10_000),
    ("chr2", 500),
    ("chr2", 9_000),
    ("chr2", 9_950),
    ("chr2", 11_000),
    ("chr2", 12_400),
    ("chr2", 400_000),
    ("", -1),
]
D = len(PLACES)


# Finding a class reads every file of methods/.
found = lru_cache(explainer_class)


def method(name: str, **parameters: Any) -> Any:
    return found(name)(**parameters)


def features() -> Features:
    start = np.array([place for _, place in PLACES])
    names = [f"peak{number}" for number in range(D)]
    return Features(
        names, [chrom for chrom, _ in PLACES], start, np.where(start < 0, -1, start + 100)
    )


def posed(
    x: np.ndarray,
    size: int,
    *,
    observed: np.ndarray | None = None,
    where: Interval | None = GENE,
    weight: np.ndarray | None = None,
    **options: Any,
) -> Problem:
    """A linear model over peaks near a gene; all weights 1 where none are given."""
    d = x.shape[1]
    model = LinearToy(np.ones((d, 1)) if weight is None else weight[:, None], [d], np.zeros(1))
    problem = make_problem(model, x, size, target=Target("VIP", "gene", 0, where), **options)
    placed = features() if d == D else problem.features
    return dataclasses.replace(problem, features=placed, observed=observed)
