"""What is the same for all runs of one start: data, surrogate, device."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

from xbench.data.dataset import Dataset
from xbench.data.load import DataChoice
from xbench.errors import XbenchWarning
from xbench.surrogates.checkpoint import OpenedSurrogate


@dataclass(frozen=True)
class RunContext:
    """Everything a worker process needs to find data and surrogate by itself.

    Parameters
    ----------
    data, checkpoint, device
        What is read, and where it is computed. Paths are absolute: a method may change folders.
    store
        Folder of the results.
    since
        Bytes of the store's lines that do not count as finished, where runs are made again.
    names
        Of data and surrogate, with their digests, as records have them.
    """

    data: DataChoice
    checkpoint: Path
    store: Path
    device: str
    names: StudyNames
    since: int = 0


@dataclass(frozen=True)
class StudyNames:
    """What a start's records say of its data and surrogate."""

    dataset: str
    dataset_digest: str
    surrogate: str
    surrogate_digest: str
    n_features: int


@dataclass(frozen=True)
class Study:
    """The data and the surrogate that runs are about, and where their records go."""

    context: RunContext
    dataset: Dataset
    surrogate: OpenedSurrogate


def read_quietly(choice: DataChoice) -> Dataset:
    """Read data; the process that planned the runs says what there is to say about them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XbenchWarning)
        return choice.load()
