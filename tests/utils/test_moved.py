"""Old names of public modules still import, with a warning that names the new one."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from collections.abc import Iterator

import pytest

import xbench
from xbench.utils.moved import MOVED, RENAMED, MovedModules, install

# What documentation, datasets and methods of the version before (458fd25) imported, by module.
IMPORTED = {
    "analysis.synergy": "pair_synergies",
    "atomic": "write_text write_bytes",
    "budget": "Budget",
    "dataset": "Dataset",
    "dataset_source": "DatasetSource",
    "downloads.remote_file": "RemoteFile",
    "downloads.source": "DownloadedSource",
    "explainer": "Explainer",
    "explaining.attribution": "masking_lowers mean_attribution share_changed",
    "explaining.batch_rows": "batch_rows",
    "explaining.beam_search": "beam_search",
    "explaining.best_on_validation": "BestOnValidation",
    "explaining.candidates": "drawn_outside smallest",
    "explaining.causal_targets": "spread_to_features",
    "explaining.correlation": "correlations",
    "explaining.gene_distance": "distance_to_start why_no_distance",
    "explaining.global_generators": "seeded",
    "explaining.importance_fit": "Examples",
    "explaining.importance_networks": "ImageUNet SparsePerceptron",
    "explaining.local_fit": "local_coefficients",
    "explaining.mask_size": "shift_to_size",
    "explaining.pair_limit": "too_many_pairs",
    "explaining.perturbations": "Flips Moves",
    "explaining.priced_learning": "FirstOrder PricedLearning learn",
    "explaining.straight_through": "bounded straight_through logistic_noise",
    "explaining.submodular_pick": "picked_importance submodular_pick",
    "explaining.swept_mean": "SweptMean sweeps relative_error",
    "explaining.windows": "image_side window_of_features windows",
    "features": "Features",
    "folders": "data_folder",
    "interval": "Interval",
    "loading": "load_dataset",
    "multiome": "read_multiome",
    "objective": "OBJECTIVES",
    "problem": "Problem",
    "reading": "AS_IT_IS Reading",
    "record": "Record",
    "runner": "run",
    "seeds": "derive_seed",
    "selection": "Selection",
    "shapes": "require_shape",
    "simulation.contacts": "write_contacts",
    "simulation.place": "set_folder simulated_file",
    "simulation.stalls": "Stall stall_of",
    "simulation.store": "simulated_dataset",
    "simulation.whole_set": "ensure_maps_by_type ensure_whole_set",
    "splits": "split_cells",
    "store": "ResultStore",
    "surrogates.base": "Surrogate",
    "target": "Target",
    "task": "Task load_task",
    "training.cross_modality": "PROTOCOL",
    "training.loop": "Stage train_stage",
}


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """As in a new process: a name warns once, when it is imported first."""
    yield
    for old in MOVED:
        sys.modules.pop(old, None)
        room, _, name = old.rpartition(".")
        if room in sys.modules:
            vars(sys.modules[room]).pop(name, None)


def test_every_old_name_has_a_row_and_every_row_a_use() -> None:
    folders = {"downloads", "explaining", "training"}
    assert {f"xbench.{old}" for old in [*IMPORTED, *folders]} == set(MOVED)
    assert {module for module, _ in RENAMED} <= set(MOVED)


@pytest.mark.filterwarnings("ignore:xbench.(downloads|explaining|training) is")
@pytest.mark.parametrize("old", sorted(IMPORTED))
def test_an_old_name_imports_what_is_there_now(old: str) -> None:
    home = importlib.import_module(MOVED[f"xbench.{old}"])
    with pytest.warns(DeprecationWarning, match=rf"xbench\.{old} is {home.__name__} now") as seen:
        module = importlib.import_module(f"xbench.{old}")
    # Whoever imports is named, not the machinery of imports.
    assert seen[-1].filename.endswith(("test_moved.py", "importlib/__init__.py"))
    for name in IMPORTED[old].split():
        new = RENAMED.get((f"xbench.{old}", name), name)
        assert getattr(module, name) is getattr(home, new)
        assert new in dir(module)


def test_what_was_never_there_is_missing_as_ever() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'xbench\.nothing'"):
        importlib.import_module("xbench.nothing")
    gone = pytest.warns(DeprecationWarning, match=r"xbench\.record is")
    with gone, pytest.raises(ImportError, match="cannot import name"):
        from xbench.record import nothing  # type: ignore[import-not-found]  # noqa: F401


def test_what_is_pickled_by_an_old_name_is_what_it_is_now() -> None:
    bytes_of_old = b"cxbench.interval\nInterval\n."
    with pytest.warns(DeprecationWarning, match=r"xbench\.interval is"):
        assert pickle.loads(bytes_of_old) is xbench.Interval  # noqa: S301 - written above


def test_names_of_the_registry_are_found_in_it() -> None:
    from xbench import registry
    from xbench.registry import find

    for name in ("dataset_source", "entries", "explainer_class", "load", "methods_from_file"):
        with pytest.warns(DeprecationWarning, match="xbench.registry.find now"):
            assert getattr(registry, name) is getattr(find, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        registry.nothing  # noqa: B018


def test_the_finder_is_there_once_and_asked_last() -> None:
    install()
    assert [type(one) for one in sys.meta_path].count(MovedModules) == 1
    code = "import sys, xbench; print(type(sys.meta_path[-1]).__name__, 'tempfile' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["MovedModules", "False"]
