"""Which problems have too many (cell, feature) pairs for a method that draws each of them."""

from __future__ import annotations

import numpy as np

from xbench.problem import Problem

# 0.8 GB of changes and indices.
MOST_PAIRS = 10**8


def too_many_pairs(problem: Problem) -> str | None:
    """Return why masking changes too many pairs, or None.

    With p = 0 only open features change; otherwise nearly every feature of every cell.
    """
    n_pairs = int(np.prod(problem.inputs.shape, dtype=np.int64))
    if not problem.perturbation.any() or n_pairs <= MOST_PAIRS:
        return None
    return (
        f"with p other than 0 masking changes up to {n_pairs:,} (cell, feature) pairs, and this "
        f"method draws each of them: at most {MOST_PAIRS:,}"
    )
