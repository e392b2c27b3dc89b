"""What is the same for all runs of one start: data, surrogate, device."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from xbench.data.dataset import Dataset
from xbench.data.load import DataChoice
from xbench.errors import XbenchWarning
from xbench.surrogates.checkpoint import OpenedSurrogate, open_surrogate


@dataclass(frozen=True)
class RunContext:
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
    since
        Bytes of the store's lines that do not count as finished, where runs are made again.
    """

    data: DataChoice
    checkpoint: Path
    store: Path
    device: str = "cpu"
    start: str = ""
    since: int = 0


@lru_cache(maxsize=1)
def loaded(setting: RunContext) -> tuple[Dataset, OpenedSurrogate]:
    """Read a setting's data and surrogate, once a process."""
    with warnings.catch_warnings():
        # The process that planned the runs has said what there is to say about the files.
        warnings.simplefilter("ignore", XbenchWarning)
        dataset = setting.data.load()
    opened = open_surrogate(setting.checkpoint, dataset)
    return dataset, opened._replace(model=opened.model.to(setting.device))
