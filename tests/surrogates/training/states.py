"""What tests of training share: quick settings, and whether weights are equal."""

from __future__ import annotations

import torch

from xbench.surrogates.surrogate import Surrogate
from xbench.surrogates.training.cis_settings import CisTraining

QUICK = CisTraining(steps=100, batch_size=128, evaluate_every=50, network="fixed", form="modules")


def same(one: Surrogate, other: Surrogate) -> bool:
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])
