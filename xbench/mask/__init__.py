"""The one mask operator: what happens to the output when features are masked.

Masking r sets x_j to p_j for every j in r (paper, Eq. 12). Explainers and metrics both ask this
operator and nothing else. `masked_population` builds it.
"""

from xbench.mask.additive import AdditivePopulation
from xbench.mask.build import masked_population
from xbench.mask.dense import DensePopulation
from xbench.mask.population import EvaluationCounts, MaskedPopulation

__all__ = [
    "AdditivePopulation",
    "DensePopulation",
    "EvaluationCounts",
    "MaskedPopulation",
    "masked_population",
]
