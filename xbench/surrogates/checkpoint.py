"""Saving surrogates as safetensors and JSON, and opening them: nothing that can run code.

A surrogate is opened for a dataset, whichever format it was saved in; a wrong one is refused.
"""

import hashlib
import json
import math
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from pydantic import ConfigDict, TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError, in_words
from xbench.registry.find import find, load
from xbench.surrogates.black_box import BlackBox
from xbench.surrogates.own_model import ModelChoice
from xbench.surrogates.reference_checkpoint import load_reference_checkpoint
from xbench.surrogates.size_budget import SizeBudget
from xbench.surrogates.surrogate import Surrogate, number_of_outputs
from xbench.utils.files import bring_back, file_digest, replace_folder
from xbench.utils.temporaries import sweep, temporary_beside
from xbench.utils.text import plain

FORMAT, VERSION = "xbench-surrogate", 1
WEIGHTS, DESCRIPTION = "model.safetensors", "surrogate.json"


@dataclass(frozen=True)
class Description:
    """What a saved surrogate says about itself.

    Parameters
    ----------
    surrogate, configuration
        Architecture: registered name and sizes.
    dataset, dataset_digest
        What it was trained on.
    training
        Settings, seed, split, where each stage stopped.
    fit
        Measured on test cells.
    weights_digest
        SHA-256 of the weights file.
    """

    surrogate: str
    configuration: dict[str, Any]
    dataset: str
    dataset_digest: str
    training: dict[str, Any] = field(default_factory=dict)
    fit: dict[str, float] = field(default_factory=dict)
    weights_digest: str = ""

    # Read by pydantic when it comes back from a file: no other field, no other type.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)


_ADAPTER = TypeAdapter(Description)


def fit_of(place: object) -> dict[str, float]:
    """Return how well a surrogate predicts test cells; nothing where it is not known.

    Parameters
    ----------
    place
        The folder of a trained surrogate; of anything else, such as a model of one's own, no fit
        was measured.

    Examples
    --------
    >>> fit_of(None)
    {}
    """
    if not isinstance(place, Path) or not place.is_dir():
        return {}
    fit = read_description(place).fit
    return {name: value for name, value in fit.items() if math.isfinite(value)}


def save_surrogate(folder: Path, model: Surrogate, description: Description) -> Description:
    """Write a surrogate into `folder`, all or nothing.

    Returns
    -------
    Description
        With the digest of the weights filled in.

    Raises
    ------
    XbenchError
        Where the folder cannot be written.
    """
    folder = Path(folder)
    parts = new_folder_beside(folder)
    try:
        state = {name: tensor.contiguous().cpu() for name, tensor in model.state_dict().items()}
        save_file(state, parts / WEIGHTS)
        complete = Description(
            **{**asdict(description), "weights_digest": file_digest(parts / WEIGHTS)}
        )
        content = {"format": FORMAT, "version": VERSION, **asdict(complete)}
        (parts / DESCRIPTION).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        # The library gives its file to its owner alone, whatever the umask says.
        (parts / WEIGHTS).chmod((parts / DESCRIPTION).stat().st_mode & 0o777)
        for path in parts.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        replace_folder(parts, folder)
    except (OSError, SafetensorError) as error:
        raise XbenchError(f"{folder}: cannot write the surrogate ({error})") from error
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    return complete


def new_folder_beside(folder: Path) -> Path:
    """Make an empty folder next to `folder`, to be renamed to it once it is complete.

    Raises
    ------
    XbenchError
        Where nothing can be written there.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        sweep(folder.parent, f".{folder.name}.")
        beside = temporary_beside(folder)
        # As the user's umask says: others may be meant to read what is in a shared cache.
        beside.mkdir()
        return beside
    except OSError as error:
        raise XbenchError(
            f"{folder.parent}: cannot write the surrogate ({error.strerror}); "
            "free space there or choose another folder"
        ) from error


def load_surrogate(folder: Path) -> tuple[Surrogate, Description]:
    """Load a surrogate written by `save_surrogate`.

    Raises
    ------
    XbenchError
        Where a file is missing, truncated, altered, or of a newer version.
    """
    description = read_description(folder)
    weights = Path(folder) / WEIGHTS
    try:
        architecture = load(find("surrogate", description.surrogate))
    except XbenchError as error:
        raise XbenchError(f"{Path(folder) / DESCRIPTION}: {error}") from error
    try:
        check_weights(description, folder)
        state = load_file(weights)
        with SizeBudget(state):
            model = architecture(**description.configuration)
        model.load_state_dict(state)
    except (OSError, SafetensorError) as error:
        raise XbenchError(f"{weights}: cannot be read ({error}); train it again") from error
    except (RuntimeError, TypeError, ValueError, OverflowError, MemoryError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise XbenchError(
            f"{folder}: weights and description differ ({reason}); train it again"
        ) from error
    return model, description


def check_weights(description: Description, folder: Path) -> None:
    """Refuse weights that are not those that were saved: by their digest, before they are used.

    Raises
    ------
    XbenchError
        Where the file is missing, cannot be read, or has another content.
    """
    weights = Path(folder) / WEIGHTS
    try:
        digest = file_digest(weights)
    except OSError as error:
        raise XbenchError(f"{weights}: cannot be read ({error}); train it again") from error
    if digest != description.weights_digest:
        raise XbenchError(f"{weights}: truncated or altered since it was saved; train it again")


def read_description(folder: Path) -> Description:
    """Read a surrogate's description alone."""
    bring_back(Path(folder))
    path = Path(folder) / DESCRIPTION
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise XbenchError(
            f"{folder}: no {DESCRIPTION}; it is not a surrogate saved by 'xbench train'"
        ) from error
    except (ValueError, RecursionError) as error:
        raise XbenchError(f"{path}: truncated or not JSON; train the surrogate again") from error
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise XbenchError(f"{path}: not a surrogate saved by 'xbench train'")
    version = content.pop("version", None)
    if version != VERSION:
        raise XbenchError(
            f"{path}: format version {plain(repr(version), 40)}, this xbench reads {VERSION}; "
            "update xbench"
        )
    try:
        return _ADAPTER.validate_json(json.dumps(content))
    except ValidationError as error:
        what = in_words(error, limit=1)
        raise XbenchError(
            f"{path}: unexpected content ({what}); train the surrogate again"
        ) from error


def check_dataset(description: Description, dataset: Dataset, where: Path) -> None:
    """Refuse a surrogate that was trained on other data.

    Raises
    ------
    XbenchError
        Naming both datasets and the beginnings of their digests.
    """
    if description.dataset_digest != dataset.digest:
        raise XbenchError(
            f"{where}: trained on {description.dataset} ({description.dataset_digest[:12]}), but "
            f"the data are {dataset.name} ({dataset.digest[:12]}); run 'xbench train' for these"
        )


class OpenedSurrogate(NamedTuple):
    """A frozen surrogate, its name, and the SHA-256 of its weights, or of what it answers."""

    model: Surrogate | BlackBox
    name: str
    digest: str


def require_trained(opened: OpenedSurrogate) -> Surrogate:
    """Return a surrogate's model, where it is one that xbench can look into.

    Raises
    ------
    XbenchError
        Of a model of one's own.
    """
    if isinstance(opened.model, Surrogate):
        return opened.model
    raise XbenchError(f"model {opened.name}: is your own; this is for surrogates of xbench alone")


def open_surrogate(
    path: Path | ModelChoice, dataset: Dataset, *, check: bool = True
) -> OpenedSurrogate:
    """Open a folder of ``xbench train``, a ``.pt`` checkpoint of the reference, or an own model.

    Parameters
    ----------
    path
        Which.
    dataset
        What it is explained on.
    check
        Whether an own model is asked first whether it can be explained; without, its digest is not
        known.

    Raises
    ------
    XbenchError
        Where it cannot be read, was trained on other data, or has other features or outputs.
    """
    # Building a model draws initial weights: the caller's random numbers are not to be used up.
    with torch.random.fork_rng(devices=[]):
        if isinstance(path, ModelChoice):
            return OpenedSurrogate(*path.open(dataset, check=check))
        opened = _open(Path(path), dataset)
    assert isinstance(opened.model, Surrogate)
    _check_sizes(opened.model, dataset, path)
    return opened


def _open(path: Path, dataset: Dataset) -> OpenedSurrogate:
    if path.is_file():
        model: Surrogate = load_reference_checkpoint(path)
        name, digest = "cross-modality", hashlib.sha256(path.read_bytes()).hexdigest()
    else:
        trained, description = load_surrogate(path)
        check_dataset(description, dataset, path)
        model, digest = trained.frozen(), description.weights_digest
        name = named(description.surrogate, description.training.get("seed"))
    return OpenedSurrogate(model, name, digest)


def named(surrogate: str, seed: object) -> str:
    """Return a surrogate's name in records: one trained from another seed is another surrogate.

    Examples
    --------
    >>> named("cross-modality", 0), named("cross-modality", 1)
    ('cross-modality', 'cross-modality, seed 1')
    """
    return f"{surrogate}, seed {seed}" if seed else surrogate


def _check_sizes(model: Surrogate, dataset: Dataset, path: Path) -> None:
    # Of one output: a layer for all of them may be too wide to be made.
    theirs = model.for_outputs([0]).additive_layer().boundaries
    ours = np.array([0, dataset.n_features]) if len(theirs) == 2 else dataset.features.blocks()[1]
    if not np.array_equal(theirs, ours):
        raise XbenchError(
            f"{path}: made for {theirs[-1]} features in {len(theirs) - 1} blocks, but "
            f"{dataset.name} has {ours[-1]} in {len(ours) - 1}; use the data it was trained on"
        )
    outputs = number_of_outputs(model)
    if outputs != dataset.n_outputs:
        raise XbenchError(
            f"{path}: predicts {outputs} outputs, but {dataset.name} has {dataset.n_outputs}; "
            "use the data it was trained on"
        )
