"""`cis`: the network of all peaks, and beside it each gene's own peaks in noisy-or modules."""

from __future__ import annotations

from functools import partial

from xbench.surrogates.own_peak_network import OwnPeakNetwork
from xbench.surrogates.surrogate import Recipe
from xbench.surrogates.training.cis_settings import CisTraining
from xbench.surrogates.training.gene_by_gene import train_cis


class Cis(OwnPeakNetwork):
    """All peaks through one network plus each gene's own; see `OwnPeakNetwork` for its formula.

    Examples
    --------
    >>> import torch
    >>> Cis(50, 5, n_pairs=0, n_latent=4).frozen()(torch.ones(2, 50)).shape
    torch.Size([2, 5])
    """

    name = "cis"

    @classmethod
    def recipe(cls) -> Recipe:
        """Trained on pairs, see `train_cis`."""
        # 2: a network that is shown half of a cell's open peaks at a time is one to choose from.
        # 3: where modules do not help a gene, shrunken effects may.
        return Recipe(CisTraining(), partial(train_cis, cls), classifies=False, version=3)
