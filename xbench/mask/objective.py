"""What masking should lower: the number explained, and its loss."""

from collections.abc import Callable
from dataclasses import dataclass

import torch.nn.functional as functional
from torch import Tensor

from xbench.data.dataset import Target


@dataclass(frozen=True)
class Objective:
    """A loss of the number explained; explainers look for the subset that minimises its mean.

    The number explained is ``F(x)_i`` for a gene i, or the log-odds
    ``logit_own - logit_contrast`` for a class.

    Parameters
    ----------
    name
        ``"expression"``: the loss is the number itself (the reference's objective, protocol).
        ``"cross-entropy"``: the loss is -log of the contrast class' probability among the two.
        ``"expression-on-target"``: Eq. 11, the number relative to its unmasked value, squared, and
        `beta` times how much other outputs change; with a `beta`, explainers see this loss as the
        number explained (`xbench.mask.on_target`). Without, as for scoring, it is the number.
    loss
        Elementwise function of the numbers explained.
    beta
        Weight of Eq. 11's off-target term, at least 0; None where the objective has none.
    off_targets
        How many other outputs that term is a mean over, a random sample; all where None.

    Examples
    --------
    >>> import torch
    >>> OBJECTIVES["expression"].loss(torch.tensor([2.0]))
    tensor([2.])
    """

    name: str
    loss: Callable[[Tensor], Tensor]
    beta: float | None = None
    off_targets: int | None = 256


def _identity(values: Tensor) -> Tensor:
    return values


# log(1 + exp(l_own - l_contrast)) is -log p(contrast) in a softmax over the two logits.
OBJECTIVES: dict[str, Objective] = {
    "expression": Objective("expression", _identity),
    "cross-entropy": Objective("cross-entropy", functional.softplus),
    "expression-on-target": Objective("expression-on-target", _identity),
}


def wanted_outputs(target: Target) -> list[int]:
    """Outputs of the model that the number explained is made of."""
    return [target.output] if target.contrast is None else [target.output, target.contrast]


def explained(outputs: Tensor) -> Tensor:
    """Turn wanted outputs, shape (n, 1 or 2), into the numbers explained, shape (n,)."""
    return outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, 0] - outputs[:, 1]
