"""`cross-modality`, the paper's surrogate: its network, trained in three adversarial stages."""

from functools import partial

from xbench.surrogates.cross_modality_network import CrossModalityNetwork
from xbench.surrogates.surrogate import Recipe
from xbench.surrogates.training.adversarial import CrossModalityTraining, train_cross_modality


class CrossModality(CrossModalityNetwork):
    """F(x) = max(0, decode_rna(map(encode_atac(x)))), in log1p units (Eq. 10).

    See `CrossModalityNetwork` for its parameters.

    Examples
    --------
    >>> import torch
    >>> CrossModality([30, 20], n_outputs=5).frozen()(torch.zeros(2, 50)).shape
    torch.Size([2, 5])
    """

    name = "cross-modality"

    @classmethod
    def recipe(cls) -> Recipe:
        """Three adversarial stages, see `train_cross_modality`."""
        return Recipe(CrossModalityTraining(), partial(train_cross_modality, cls), classifies=False)
