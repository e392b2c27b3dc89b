"""Benchmark global explanations: which L features, masked together, change an output most.

The public names are loaded on first use, so that importing xbench (and ``xbench --help``) is fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xbench.dataset import Dataset
    from xbench.errors import XbenchError
    from xbench.explainer import Explainer
    from xbench.features import Features, Interval
    from xbench.loading import load_dataset
    from xbench.mask import MaskedPopulation, masked_population
    from xbench.metrics import METRICS
    from xbench.problem import Problem
    from xbench.record import Record
    from xbench.runner import run
    from xbench.selection import Selection
    from xbench.store import ResultStore
    from xbench.surrogates.base import Surrogate
    from xbench.target import Target

__version__ = "0.1.0"

__all__ = [
    "METRICS",
    "Dataset",
    "Explainer",
    "Features",
    "Interval",
    "MaskedPopulation",
    "Problem",
    "Record",
    "ResultStore",
    "Selection",
    "Surrogate",
    "Target",
    "XbenchError",
    "__version__",
    "load_dataset",
    "masked_population",
    "run",
]

_HOME = {
    "Dataset": "xbench.dataset",
    "Explainer": "xbench.explainer",
    "Features": "xbench.features",
    "Interval": "xbench.features",
    "METRICS": "xbench.metrics",
    "MaskedPopulation": "xbench.mask",
    "Problem": "xbench.problem",
    "Record": "xbench.record",
    "ResultStore": "xbench.store",
    "Selection": "xbench.selection",
    "Surrogate": "xbench.surrogates.base",
    "Target": "xbench.target",
    "XbenchError": "xbench.errors",
    "load_dataset": "xbench.loading",
    "masked_population": "xbench.mask",
    "run": "xbench.runner",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'xbench' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
