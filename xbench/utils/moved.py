"""Old names of public modules: for one version they import, with a warning that names the new.

Only asked where a normal import finds nothing, so that it costs nothing otherwise.
"""

import sys
import warnings
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# What documentation, datasets and methods imported from, below xbench: the new home, its old names.
_OLD = {
    "analysis.redundancy": "analysis.synergy", "analysis.stalls": "simulation.stalls",
    "benchmark.runner": "runner", "benchmark.task": "task",
    "data.dataset": "dataset target", "data.download": "downloads",
    "data.download.downloaded_source": "downloads.source",
    "data.download.transmission": "downloads.remote_file", "data.features": "features interval",
    "data.load": "loading", "data.multiome": "multiome", "data.read_options": "reading",
    "data.source": "dataset_source", "data.splits": "splits",
    "errors": "shapes", "explainers": "explaining",
    "explainers.attribution": "explaining.attribution explaining.global_generators",
    "explainers.explainer": "explainer problem selection budget",
    "explainers.importance_model": "explaining.causal_targets explaining.importance_fit"
    " explaining.importance_networks",
    "explainers.learning": "explaining.best_on_validation explaining.priced_learning",
    "explainers.local_models": "explaining.local_fit explaining.submodular_pick",
    "explainers.neighbours": "explaining.gene_distance explaining.windows",
    "explainers.perturbation_network": "explaining.perturbations",
    "explainers.relaxation": "explaining.mask_size explaining.pair_limit"
    " explaining.straight_through", "explainers.running_mean": "explaining.swept_mean",
    "explainers.search": "explaining.batch_rows explaining.beam_search explaining.candidates",
    "mask.objective": "objective",
    "methods.correlation": "explaining.correlation",
    "results.record": "record", "results.store": "store",
    "simulation.parameters": "simulation.place",
    "simulation.simulated_contacts": "simulation.contacts",
    "simulation.simulation_files": "simulation.store simulation.whole_set",
    "surrogates.surrogate": "surrogates.base", "surrogates.training": "training",
    "surrogates.training.adversarial": "training.cross_modality",
    "surrogates.training.loop": "training.loop",
    "utils.files": "atomic folders", "utils.seeds": "seeds",
}  # fmt: skip
MOVED = {f"xbench.{old}": f"xbench.{new}" for new, olds in _OLD.items() for old in olds.split()}
# Classes that have another name in the new module.
RENAMED = {("xbench.reading", "Reading"): "ReadOptions"}


class MovedModules:
    """Find old names, and load modules that look everything up in the new ones."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Answer for a module that has moved, and for no other."""
        parent = any(old.startswith(f"{name}.") for old in MOVED)
        loader: Any = self  # To derive it from `importlib.abc` would cost each start 9 ms.
        return ModuleSpec(name, loader, is_package=parent) if name in MOVED else None

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave that to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Warn, and let every name be looked up when it is asked for."""
        old, new = module.__name__, MOVED[module.__name__]
        what = f"{old} is {new} now; the old name goes with the next version"
        warnings.warn(what, DeprecationWarning, stacklevel=2)
        home = import_module(new)

        def get(name: str) -> Any:
            return getattr(home, RENAMED.get((old, name), name))

        module.__dict__.update(__getattr__=get, __dir__=lambda: dir(home))


def install() -> None:
    """Let old names be found, once."""
    if not any(isinstance(finder, MovedModules) for finder in sys.meta_path):
        sys.meta_path.append(MovedModules())
