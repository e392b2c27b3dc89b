"""Which cells a step of learning sees."""

from __future__ import annotations

import numpy as np


def batch_rows(n_cells: int, batch_size: int, generator: np.random.Generator) -> np.ndarray:
    """Draw rows without repeats; all of them, in order, where there are no more, or for size 0.

    Examples
    --------
    >>> batch_rows(3, 64, np.random.default_rng(0))
    array([0, 1, 2])
    """
    if not 0 < batch_size < n_cells:
        return np.arange(n_cells)
    return generator.choice(n_cells, batch_size, replace=False)
