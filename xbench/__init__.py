"""Benchmark global explanations: which L features, masked together, change an output most.

The public names are loaded on first use, so that importing xbench (and ``xbench --help``) is fast.
"""

import importlib
from typing import TYPE_CHECKING, Any

from xbench.utils import moved

if TYPE_CHECKING:
    from xbench.benchmark.own_study import explain
    from xbench.benchmark.runner import run
    from xbench.data.dataset import Dataset, Target
    from xbench.data.features import Features, Interval
    from xbench.data.load import load_dataset
    from xbench.errors import XbenchError
    from xbench.explainers.explainer import Explainer, Problem
    from xbench.explainers.selection import Selection
    from xbench.mask import MaskedPopulation, masked_population
    from xbench.metrics import METRICS
    from xbench.results.record import Record
    from xbench.results.store import ResultStore
    from xbench.surrogates.surrogate import Surrogate

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
    "explain",
    "load_dataset",
    "masked_population",
    "run",
]

_HOME = {
    "Dataset": "xbench.data.dataset",
    "Explainer": "xbench.explainers.explainer",
    "Features": "xbench.data.features",
    "Interval": "xbench.data.features",
    "METRICS": "xbench.metrics",
    "MaskedPopulation": "xbench.mask",
    "Problem": "xbench.explainers.explainer",
    "Record": "xbench.results.record",
    "ResultStore": "xbench.results.store",
    "Selection": "xbench.explainers.selection",
    "Surrogate": "xbench.surrogates.surrogate",
    "Target": "xbench.data.dataset",
    "XbenchError": "xbench.errors",
    "explain": "xbench.benchmark.own_study",
    "load_dataset": "xbench.data.load",
    "masked_population": "xbench.mask",
    "run": "xbench.benchmark.runner",
}


moved.install()


def __getattr__(name: str) -> Any:
    if name in ("benchmark", "plot"):
        # A room that can be called (a function of its name would be hidden by it), and figures.
        return importlib.import_module(f"xbench.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'xbench' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
