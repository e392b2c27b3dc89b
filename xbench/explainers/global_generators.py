"""Packages that draw from the global generators, and nothing of ours that does."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python's, NumPy's and torch's global generators for a block, and put them back.

    For packages that can be seeded in no other way (captum, shap).

    Parameters
    ----------
    seed
        Any whole number, at least 0; its lower 32 bits seed NumPy.

    Examples
    --------
    >>> with seeded(3):
    ...     first = torch.rand(1)
    >>> with seeded(3):
    ...     print(torch.equal(first, torch.rand(1)))
    True
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng():
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        torch.manual_seed(seed % 2**63)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002
