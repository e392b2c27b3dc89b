"""Eq. 11: masking should lower the target's output and leave the other outputs as they are."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from xbench.data.dataset import Target
from xbench.errors import XbenchError
from xbench.mask.encoded import EncodedPopulation
from xbench.mask.objective import Objective
from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Surrogate, number_of_outputs
from xbench.utils.seeds import derive_seed

# Smallest output, in log1p units, that a change is taken relative to.
FLOOR = 0.1
# Cells that go through the tail at once.
CHUNK = 1024


class OnTarget(Surrogate):
    """The loss of Eq. 11 as the one output of a surrogate.

    ``(F_i / y_i)^2 + beta * mean over j != i of ((F_j - y_j) / y_j)^2``. y is the surrogate's own
    unmasked output of the cell, not the measured one: most genes of most cells are measured as 0,
    by which nothing can be divided. A y below `FLOOR` divides as `FLOOR`.

    Each cell's y travels with its hidden sums, as further blocks that hold no feature. So masking
    never changes it, and the mask operator answers every question of this model like any other.

    Parameters
    ----------
    base
        F, for the outputs below.
    outputs
        The target's index in F, then those of the off-target outputs.
    beta
        Weight of the off-target term.
    """

    def __init__(self, base: Surrogate, outputs: list[int], beta: float) -> None:
        super().__init__()
        self.base, self.beta = base, beta
        self._layer = base.additive_layer()
        self._outputs = torch.tensor(outputs, device=self._layer.weight.device)

    def additive_layer(self) -> AdditiveLayer:
        """Return the layer of F with as many empty blocks as a cell's y fills."""
        layer = self._layer
        hidden = layer.offset.shape[1]
        more = -(-len(self._outputs) // hidden)
        offset = torch.cat([layer.offset, layer.offset.new_zeros(more, hidden)])
        return AdditiveLayer(
            layer.weight, offset, np.append(layer.boundaries, [layer.n_features] * more)
        )

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Compute the loss of each cell, shape (n, 1)."""
        now = self.base.tail(sums[:, : self._layer.n_blocks], self._outputs)
        unmasked = self._kept(sums)[:, : len(self._outputs)]
        scale = unmasked.clamp_min(FLOOR)
        change = ((now - unmasked) / scale)[:, 1:]
        off_target = self.beta * (change**2).sum(dim=1) / max(1, change.shape[1])
        return ((now / scale)[:, 0] ** 2 + off_target)[:, None]

    def remember(self, sums: Tensor) -> Tensor:
        """Return unmasked sums with each cell's y written into its blocks."""
        filled = sums.clone()
        for part in filled.split(CHUNK):
            unmasked = self.base.tail(part[:, : self._layer.n_blocks], self._outputs)
            kept = torch.nn.functional.pad(
                unmasked, (0, self._kept(part).shape[1] - len(self._outputs))
            )
            part[:, self._layer.n_blocks :] = kept.view(len(part), -1, part.shape[2])
        return filled

    def _kept(self, sums: Tensor) -> Tensor:
        return sums[:, self._layer.n_blocks :].flatten(1)


@dataclass(frozen=True)
class RememberingPopulation(EncodedPopulation):
    """Encoded inputs whose hidden sums hold the unmasked outputs too."""

    surrogate: OnTarget

    @cached_property
    def sums(self) -> Tensor:
        """Unmasked hidden sums, shape (n, n_blocks, hidden)."""
        with torch.no_grad():
            return self.surrogate.remember(self.layer.sparse_sums(self.inputs))


def on_target(model: nn.Module, target: Target, objective: Objective) -> OnTarget:
    """Return the loss of Eq. 11 for a target as a surrogate.

    The off-target outputs are all others, or `objective.off_targets` of them, drawn once for each
    target: an unbiased sample of the mean, the same for every method and repetition.

    Raises
    ------
    XbenchError
        Where the model has no additive layer, or explains classes.
    """
    if not isinstance(model, Surrogate) or target.contrast is not None:
        raise XbenchError(
            f"objective {objective.name!r} is for a surrogate with an additive layer that "
            "predicts expression; use another objective here"
        )
    n_outputs = number_of_outputs(model)
    others = np.delete(np.arange(n_outputs), target.output)
    if objective.off_targets is not None and objective.off_targets < len(others):
        generator = np.random.default_rng(derive_seed("off-target", str(target.output)))
        others = np.sort(generator.choice(others, objective.off_targets, replace=False))
    outputs = [target.output, *others.tolist()]
    return OnTarget(model.for_outputs(outputs), outputs, objective.beta or 0.0)
