"""How every surrogate is obtained: opened from a checkpoint, or trained by name and kept.

A surrogate that was trained before is taken from the cache. One process at a time trains what goes
into a folder; others wait for it.
"""

import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError, XbenchWarning
from xbench.registry.find import entries, find, load, source_digest
from xbench.surrogates.checkpoint import (
    DESCRIPTION,
    Description,
    OpenedSurrogate,
    check_dataset,
    check_weights,
    new_folder_beside,
    open_surrogate,
    read_description,
    save_surrogate,
)
from xbench.surrogates.ensemble import Ensemble
from xbench.surrogates.evaluation.fit import classification_fit, expression_fit
from xbench.surrogates.own_model import ModelChoice
from xbench.surrogates.surrogate import Recipe, Surrogate
from xbench.utils.files import bring_back, cache_folder
from xbench.utils.json import json_digest
from xbench.utils.locks import locked
from xbench.utils.process import PeakMemory
from xbench.utils.progress import SILENT, Progress
from xbench.utils.provenance import machine

# Raised by hand with any change of xbench that changes trained weights: surrogates in the cache of
# before are then not taken for ones of now.
TRAINING_VERSION = 2

_LOG = logging.getLogger(__name__)


def recipe_of(name: str) -> Recipe:
    """Return how the surrogate of that name is trained.

    Raises
    ------
    XbenchError
        Where there is none; the error names the nearest.
    """
    found: Recipe = load(find("surrogate", name)).recipe()  # type: ignore[attr-defined]
    return found


class Obtained(NamedTuple):
    """A surrogate, ready to be explained, and the folder or file that it was opened from."""

    opened: OpenedSurrogate
    path: Path


def obtain(
    dataset: Dataset,
    name: str | None = None,
    *,
    checkpoint: Path | None = None,
    split: str = "strict",
    seed: int = 0,
    progress: Progress = SILENT,
) -> Obtained:
    """Open the checkpoint that is given, else the surrogate of that name, trained if need be.

    Parameters
    ----------
    dataset
        What the surrogate predicts.
    name, split, seed, progress
        See `train_surrogate`; they say nothing where there is a checkpoint.
    checkpoint
        A folder that ``xbench train`` wrote, or a ``.pt`` file of the reference implementation.

    Raises
    ------
    XbenchError
        Where the checkpoint cannot be read or is of other data, or the surrogate cannot be trained.

    Examples
    --------
    >>> from xbench import load_dataset
    >>> obtained = obtain(load_dataset("mnist-binary"))
    >>> obtained.opened.name
    'mlp-classifier'
    """
    path = checkpoint
    if path is None:
        path = train_surrogate(dataset, name, split=split, seed=seed, progress=progress)
    else:
        _LOG.info("surrogate opened from %s", path)
    return Obtained(open_surrogate(path, dataset), path)


def opened_or_obtained(
    dataset: Dataset, model: ModelChoice | None, name: str | None = None, **options: Any
) -> tuple[OpenedSurrogate, Path | ModelChoice]:
    """Return a model of one's own where there is one, else what `obtain` gives; and its place.

    Parameters
    ----------
    dataset, name, options
        See `obtain`.
    model
        A model of one's own.
    """
    if model is not None:
        return open_surrogate(model, dataset), model
    obtained = obtain(dataset, name, **options)
    return obtained.opened, obtained.path


def check_seed(seed: int) -> None:
    """Raise `XbenchError` where no surrogate can be trained from a seed."""
    if not 0 <= seed < 2**32:
        raise XbenchError(f"seed {seed}: give a whole number from 0 to {2**32 - 1}")


def surrogates_folder() -> Path:
    """Where trained surrogates are kept."""
    return cache_folder() / "surrogates"


def train_surrogate(
    dataset: Dataset,
    name: str | None = None,
    *,
    split: str = "strict",
    seed: int = 0,
    settings: Any = None,
    folder: Path | None = None,
    progress: Progress = SILENT,
    again: bool = False,
) -> Path:
    """Return the folder of a trained surrogate, training it where it is not there yet.

    Parameters
    ----------
    dataset
        What it is trained on.
    name
        Of the surrogate; the dataset's default where None.
    split
        ``"strict"``: trained on the training cells only. ``"reference"``: on all cells but the
        validation ones, test cells included, as the reference does. ``"half-a"``, ``"half-b"``:
        two surrogates that share no training cell, so that one judges the other.
    seed
        Of initial weights and batches.
    settings
        Other than the recipe's defaults.
    folder
        Where to keep it; by default a folder of the cache named for all of the above.
    again
        Train even where it is there.

    Raises
    ------
    XbenchError
        An unknown surrogate, one that does not fit the dataset, or a folder that holds another
        surrogate or anything else.
    """
    check_seed(seed)
    name = name or dataset.default_surrogate
    recipe = recipe_of(name)
    if recipe.classifies != dataset.is_classification:
        names = [entry.name for entry in entries("surrogate")]
        fitting = [one for one in names if recipe_of(one).classifies != recipe.classifies]
        raise XbenchError(
            f"{dataset.name}: surrogate {name!r} does not fit this data; use {', '.join(fitting)}"
        )
    chosen = settings if settings is not None else recipe.settings
    training = _declared(chosen, seed, split)
    folder = folder or surrogates_folder() / _folder_name(dataset, name, training)
    bring_back(folder)
    if folder.exists() and not again:
        return _as_asked(dataset, name, training, folder)
    check_replaceable(folder)
    with one_trainer(folder):
        if folder.exists() and not again:
            # Another process has trained it meanwhile.
            return _as_asked(dataset, name, training, folder)
        return _train(dataset, name, recipe, chosen, training, folder, progress)


def place_of(
    dataset: Dataset, name: str, *, split: str = "strict", seed: int = 0, settings: Any = None
) -> Path:
    """Return the folder of the cache that `train_surrogate` keeps such a surrogate in."""
    chosen = settings if settings is not None else recipe_of(name).settings
    return surrogates_folder() / _folder_name(dataset, name, _declared(chosen, seed, split))


def _declared(settings: Any, seed: int, split: str) -> dict[str, Any]:
    """Return what a surrogate's description says of how it was trained."""
    declared = asdict(settings)
    # Left out where there is none, so that surrogates of before it are found under their names.
    for absent in ("cell_type_weight", "donor_weight", "peaks_dropped"):
        if not declared.get(absent, True):
            del declared[absent]
    return {"settings": declared, "seed": seed, "split": split}


def _as_asked(dataset: Dataset, name: str, training: dict[str, Any], folder: Path) -> Path:
    """Return the folder of a surrogate that is there, if it is the one asked for."""
    found = read_description(folder)
    check_dataset(found, dataset, folder)
    check_weights(found, folder)
    _check_asked(found, name, training, folder)
    _LOG.info("surrogate %s was trained before: taken from %s", name, folder)
    return folder


def _check_asked(found: Description, name: str, training: dict[str, Any], folder: Path) -> None:
    """Refuse to pass off a surrogate trained otherwise as the one asked for."""
    differing = [key for key, value in training.items() if found.training.get(key) != value]
    # Of before this was written down nothing is known but the name of its folder in the cache.
    made_by = _made_by(name, training["settings"])
    if found.training.get("made_by", made_by) != made_by:
        differing.append("version")
    if found.surrogate != name:
        differing.insert(0, "name")
    if differing:
        raise XbenchError(
            f"{folder}: holds a surrogate of another {', '.join(differing)}; choose another "
            "folder, or replace it with --again"
        )


def check_replaceable(folder: Path) -> None:
    """Refuse to replace what is no surrogate: saving deletes the folder that was there."""
    is_surrogate = (folder / DESCRIPTION).exists()
    if folder.exists() and not is_surrogate and (folder.is_file() or any(folder.iterdir())):
        raise XbenchError(f"{folder}: holds something else; choose an empty or a new folder")


def _train(
    dataset: Dataset,
    name: str,
    recipe: Recipe,
    settings: Any,
    training: dict[str, Any],
    folder: Path,
    progress: Progress,
) -> Path:
    rows, made_by = dataset.training_rows(training["split"]), _made_by(name, training["settings"])
    seed = training["seed"]
    _LOG.info("training surrogate %s (seed %d) on %d cells", name, seed, len(rows))
    started = time.perf_counter()
    with PeakMemory() as memory:
        model, stages = recipe.train(
            dataset, settings, seed=seed, train_rows=rows, progress=progress
        )
    stopped = {stage.name: asdict(stage) for stage in stages}
    description = Description(
        surrogate=name,
        configuration=model.configuration(),
        dataset=dataset.name,
        dataset_digest=dataset.digest,
        training={
            **training,
            "made_by": made_by,
            "stages": stopped,
            "peak_memory_bytes": memory.peak,
            "machine": machine(),
            "threads": torch.get_num_threads(),
        },
        fit=_fit(recipe, model, dataset, rows),
    )
    save_surrogate(folder, model, description)
    seconds = time.perf_counter() - started
    _LOG.info("surrogate %s trained and measured in %.1f s: %s", name, seconds, folder)
    return folder


def _fit(recipe: Recipe, model: Surrogate, dataset: Dataset, rows: np.ndarray) -> dict[str, float]:
    """Measure a surrogate that was trained on some rows; nothing where there is no test cell."""
    if not recipe.fitted:
        return {}
    if not len(dataset.split.test):
        # The training was paid for, and is of use without it.
        what = "no cell is for the test: how well the surrogate predicts cells is not measured"
        warnings.warn(f"{dataset.name}: {what}", XbenchWarning, stacklevel=2)
        return {}
    if recipe.classifies:
        return classification_fit(model, dataset)
    return expression_fit(model, dataset, rows)


def _folder_name(dataset: Dataset, name: str, training: dict[str, Any]) -> str:
    made_by = _made_by(name, training["settings"])
    key = json_digest([TRAINING_VERSION, dataset.digest, name, training, *made_by], digits=12)
    safe = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in dataset.name)
    return f"{safe}-{name}-{key}"


def _made_by(name: str, settings: dict[str, Any]) -> list[Any]:
    """Return what tells that the same settings train another surrogate than before.

    What comes with xbench says so by its version, a plug-in by its code too, and an ensemble is
    what its members are.
    """
    entry, version = find("surrogate", name), recipe_of(name).version
    said: list[Any] = [] if entry.source == "built-in" else [source_digest(entry)]
    said += [] if version == 1 else [version]
    members = settings.get("of") if name == Ensemble.name else None
    return said + (_made_by(members, {}) if members else [])


@contextmanager
def one_trainer(folder: Path) -> Iterator[None]:
    """Hold the right to train into a folder; whoever else wants it waits, and says so.

    Two runs that start on an empty cache would else train the same surrogate twice, and the later
    one would replace the files that the earlier one's processes are reading.

    Parameters
    ----------
    folder
        Of the surrogate; a hidden file beside it is the lock, which ends with its owner.

    Raises
    ------
    XbenchError
        Where nothing can be written there: better known before the training than after.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder, one_trainer(Path(folder) / "mine"):
    ...     os.listdir(folder)
    ['.mine.lock']
    """

    def waiting() -> None:
        what = "another process is training this surrogate; waiting for it"
        warnings.warn(f"{folder}: {what}", XbenchWarning, stacklevel=2)

    new_folder_beside(folder).rmdir()
    with locked(folder.parent / f".{folder.name}.lock", waiting):
        yield
