"""What is the same for all runs of one start: data, surrogate, device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from xbench.dataset import Dataset
from xbench.loading import load_dataset
from xbench.surrogates.open import OpenedSurrogate, open_surrogate


@dataclass(frozen=True)
class DataChoice:
    """Which dataset, and how its file is to be read.

    Parameters
    ----------
    name
        A registered dataset; None for a user's file, or, without a path, for the task's own.
    path
        A file instead of the one the dataset would look for.
    binarize, cell_type_key
        See `xbench.load_dataset`.
    """

    name: str | None = None
    path: Path | None = None
    binarize: bool = False
    cell_type_key: str = "cell_type"

    def or_of(self, dataset: str) -> DataChoice:
        """Return this choice, or that dataset where nothing is chosen."""
        return replace(self, name=dataset) if self.name is None and self.path is None else self

    def load(self) -> Dataset:
        """Read the data."""
        return load_dataset(
            self.name,
            data=self.path,
            binarize=self.binarize,
            cell_type_key=self.cell_type_key,
        )


@dataclass(frozen=True)
class Setting:
    """Everything a worker process needs to find data and surrogate by itself.

    Parameters
    ----------
    data, checkpoint, device
        What is read, and where it is computed.
    store
        Folder of the results.
    start
        Names one start of runs, so that a process that outlives it reads files anew: they may
        have changed.
    """

    data: DataChoice
    checkpoint: Path
    store: Path
    device: str = "cpu"
    start: str = ""


@lru_cache(maxsize=1)
def loaded(setting: Setting) -> tuple[Dataset, OpenedSurrogate]:
    """Read a setting's data and surrogate, once a process."""
    dataset = setting.data.load()
    opened = open_surrogate(setting.checkpoint, dataset)
    return dataset, opened._replace(model=opened.model.to(setting.device))
