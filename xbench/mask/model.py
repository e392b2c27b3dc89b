"""The surrogate as captum and other packages want it: dense inputs, one number out, counted."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xbench.data.target import Target
from xbench.mask.counts import EvaluationCounts
from xbench.mask.objective import explained, wanted_outputs
from xbench.surrogates.base import Surrogate


class ExplainedModel(nn.Module):
    """Dense inputs, shape (n, d), to the number explained, shape (n, 1).

    Every pass through it is charged, gradients too, so a method that brings its own library is
    counted like one that asks the mask operator.

    Parameters
    ----------
    model
        A `Surrogate` (its additive layer and only the wanted outputs are computed) or any module.
    target
        Which output is explained.
    counts
        Charged with every evaluation.
    """

    def __init__(self, model: nn.Module, target: Target, counts: EvaluationCounts) -> None:
        super().__init__()
        if isinstance(model, Surrogate):
            model = model.for_outputs(wanted_outputs(target))
        self.model, self.counts = model, counts
        self._wanted = torch.tensor(wanted_outputs(target))
        self._layer = model.additive_layer() if isinstance(model, Surrogate) else None

    def forward(self, x: Tensor) -> Tensor:
        """Evaluate, and charge the cells of `x`."""
        self.counts.add(forward=len(x), computed=len(x))
        wanted = self._wanted.to(x.device)
        if self._layer is not None and isinstance(self.model, Surrogate):
            outputs = self.model.tail(self._layer.sums(x), wanted)
        else:
            outputs = self.model(x)[:, wanted]
        number = explained(outputs)[:, None]
        if number.requires_grad:
            number.register_hook(self._charge_gradient)
        return number

    def _charge_gradient(self, gradient: Tensor) -> None:
        self.counts.add(gradient=len(gradient))
