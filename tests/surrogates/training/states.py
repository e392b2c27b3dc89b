"""Whether two surrogates have the same weights."""

from __future__ import annotations

import torch

from xbench.surrogates.surrogate import Surrogate


def same(one: Surrogate, other: Surrogate) -> bool:
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])
