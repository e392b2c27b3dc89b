"""`end-to-end`: all peaks to expression in one network, trained on pairs from the same cells."""

from __future__ import annotations

from functools import partial

from xbench.surrogates.rate_network import RateNetwork
from xbench.surrogates.surrogate import Recipe
from xbench.surrogates.training.paired import PairedTraining, train_end_to_end


class EndToEnd(RateNetwork):
    """One small network from all peaks to all genes; see `RateNetwork` for its formula.

    Examples
    --------
    >>> import torch
    >>> EndToEnd(50, 5, n_latent=4).frozen()(torch.ones(2, 50)).shape
    torch.Size([2, 5])
    """

    name = "end-to-end"

    @classmethod
    def recipe(cls) -> Recipe:
        """Trained on pairs, see `train_end_to_end`."""
        return Recipe(PairedTraining(), partial(train_end_to_end, cls), classifies=False)
