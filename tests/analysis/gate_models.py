"""Models whose redundancy is known; no test lives here."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Surrogate


class Backups(Surrogate):
    """F = 3 (x0 or x1) + 2 (x2 and x3) + x4; x5 does nothing. Inputs are zeros and ones."""

    name = "backups"

    def additive_layer(self) -> AdditiveLayer:
        weight = torch.zeros(6, 3)
        weight[[0, 1, 2, 3, 4], [0, 0, 1, 1, 2]] = 1.0
        return AdditiveLayer(weight, torch.zeros(1, 3), np.array([0, 6]))

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        either, both, alone = sums[:, 0].unbind(dim=1)
        return (3 * (either > 0) + 2 * (both > 1) + alone)[:, None].float()

    def forward(self, x: Tensor) -> Tensor:
        return self.tail(self.additive_layer().sums(x))
