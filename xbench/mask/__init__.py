"""The one mask operator: what happens to the output when features are masked.

Masking r sets x_j to p_j for every j in r (paper, Eq. 12). Explainers and metrics both ask this
operator and nothing else. `masked_population` builds it.

The names are loaded on first use: tables and pages check subsets too, and need no torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOME = {
    "AdditivePopulation": "xbench.mask.additive",
    "DensePopulation": "xbench.mask.dense",
    "EvaluationCounts": "xbench.mask.population",
    "MaskedPopulation": "xbench.mask.population",
    "masked_population": "xbench.mask.build",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
