"""Global random states: what they are, and a place in them that nobody would set by chance."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

_UNLIKELY = 1_234_567_891


def random_states() -> dict[str, bytes]:
    """Return the global states of Python, NumPy and torch, to compare."""
    _, words, position, *_ = np.random.get_state()  # noqa: NPY002
    return {
        "Python's random state": repr(random.getstate()).encode(),
        "NumPy's random state": repr([*words, position]).encode(),
        "torch's random state": torch.random.get_rng_state().numpy().tobytes(),
    }


@contextmanager
def unlikely_random_states() -> Iterator[None]:
    """Seed all three, and put them back.

    A method that seeds a generator with a number of its own leaves the state unchanged where it
    was called before; from here it does not.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        random.seed(_UNLIKELY)
        np.random.seed(_UNLIKELY)  # noqa: NPY002
        torch.manual_seed(_UNLIKELY)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002
