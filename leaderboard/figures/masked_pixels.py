"""Which pixels each method masks, over the mean image of the digits that it explains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from ..quantities import finite

DATASET, OWN, CONTRAST = "mnist-binary", "8", "3"
SIDE = 28
_BEFORE, _AFTER = "own-class-share-before", "own-class-share-after"


@dataclass(frozen=True)
class MethodPixels:
    """The pixels of one method.

    Parameters
    ----------
    method
        Its label.
    shares
        Share of its repetitions that mask each pixel, from 0 to 1, shape (28, 28).
    repetitions
        Number of them.
    after
        Share of test 8s still predicted as 8 after masking, in %, mean over repetitions; None
        where it was not measured.
    """

    method: str
    shares: np.ndarray
    repetitions: int
    after: float | None


@dataclass(frozen=True)
class MaskedPixels:
    """The pixels of every method, at the largest L.

    Parameters
    ----------
    size
        L.
    before
        Share of test 8s predicted as 8 before masking, in %; None where it was not measured.
    methods
        Those with a successful run: who leaves the fewest 8s first.
    """

    size: int
    before: float | None
    methods: tuple[MethodPixels, ...]


def masked_pixels(records: Iterable[Mapping[str, Any]]) -> MaskedPixels | None:
    """Count how often each method masks each pixel when it turns 8s into 3s.

    Parameters
    ----------
    records
        Records of runs of one (task, dataset, surrogate); runs on other data and other digits are
        passed over.

    Returns
    -------
    MaskedPixels
        None where no run of an 8 towards a 3 was successful.

    Examples
    --------
    >>> run = {"dataset": "mnist-binary", "cell_type": "8", "target": "3", "method": "grids",
    ...        "status": "ok", "L": 2, "indices": [0, 29], "metrics": {}}
    >>> masked = masked_pixels([run, {**run, "indices": [0, 1]}])
    >>> masked.methods[0].shares[:2, :2].tolist()
    [[1.0, 0.5], [0.0, 0.5]]
    """
    runs = [record for record in records if record["status"] == "ok" and _explains_eights(record)]
    size = max((run["L"] for run in runs), default=0)
    runs = [run for run in runs if run["L"] == size]
    if not runs:
        return None
    names = sorted({run["method"] for run in runs})
    methods = [_of_method(name, [run for run in runs if run["method"] == name]) for name in names]
    methods.sort(key=lambda one: (one.after is None, one.after, one.method))
    return MaskedPixels(size, _mean(runs, _BEFORE), tuple(methods))


def _explains_eights(record: Mapping[str, Any]) -> bool:
    place = record["dataset"], record["cell_type"], record["target"]
    return place == (DATASET, OWN, CONTRAST)


def _of_method(name: str, runs: list[Mapping[str, Any]]) -> MethodPixels:
    counts = np.zeros(SIDE * SIDE)
    for run in runs:
        counts[np.asarray(run["indices"], dtype=np.int64)] += 1
    shares = (counts / len(runs)).reshape(SIDE, SIDE)
    return MethodPixels(name, shares, len(runs), _mean(runs, _AFTER))


def _mean(runs: list[Mapping[str, Any]], metric: str) -> float | None:
    values = [value for run in runs if (value := finite(run["metrics"].get(metric))) is not None]
    return fmean(values) if values else None


def mean_eight(digest: str) -> np.ndarray | None:
    """Return the mean image of the 8s that the package ships.

    Parameters
    ----------
    digest
        Of the data that the records are about: of other data nobody knows the mean image here.

    Returns
    -------
    numpy.ndarray
        Shades from 0 to 1, shape (28, 28); None where the shipped data have another digest.

    Examples
    --------
    >>> mean_eight("of other data") is None
    True
    """
    from xbench.data.load import load_dataset

    dataset = load_dataset(DATASET)
    if dataset.digest != digest:
        return None
    images = np.asarray(dataset.X[dataset.cell_types == OWN], dtype=np.float64)
    return images.mean(axis=0).reshape(SIDE, SIDE)
