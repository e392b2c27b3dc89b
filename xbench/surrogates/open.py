"""Opening a surrogate for a dataset, whichever format it was saved in, and refusing a wrong one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.surrogates.base import Surrogate
from xbench.surrogates.checkpoint import check_dataset, load_surrogate
from xbench.surrogates.reference_checkpoint import load_reference_checkpoint


class OpenedSurrogate(NamedTuple):
    """A frozen surrogate, its name, and the SHA-256 of its weights."""

    model: Surrogate
    name: str
    digest: str


def open_surrogate(path: Path, dataset: Dataset) -> OpenedSurrogate:
    """Open a folder of ``xbench train`` or a ``.pt`` checkpoint of the reference.

    Raises
    ------
    XbenchError
        Where it cannot be read, was trained on other data, or has other features or outputs.
    """
    # Building a model draws initial weights: the caller's random numbers are not to be used up.
    with torch.random.fork_rng(devices=[]):
        opened = _open(Path(path), dataset)
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
    theirs = model.additive_layer().boundaries
    ours = np.array([0, dataset.n_features]) if len(theirs) == 2 else dataset.features.blocks()[1]
    if not np.array_equal(theirs, ours):
        raise XbenchError(
            f"{path}: made for {theirs[-1]} features in {len(theirs) - 1} blocks, but "
            f"{dataset.name} has {ours[-1]} in {len(ours) - 1}; use the data it was trained on"
        )
    sizes = model.configuration()
    outputs = sizes.get("n_outputs", sizes.get("n_classes"))
    if outputs != dataset.n_outputs:
        raise XbenchError(
            f"{path}: predicts {outputs} outputs, but {dataset.name} has {dataset.n_outputs}; "
            "use the data it was trained on"
        )
