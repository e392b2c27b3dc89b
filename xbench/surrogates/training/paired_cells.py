"""The cells that a surrogate is trained on, peaks and expression, read when they are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.surrogates.rate_network import first_sums
from xbench.surrogates.training.batches import Counts, as_they_are, recovered_counts

# Cells that go through a network at once.
CHUNK = 512


@dataclass(frozen=True)
class ChosenRows:
    """Some rows of a matrix, which stays where it is: a batch of them is read when it is asked for.

    Parameters
    ----------
    matrix
        CSR; where it is mapped, batches come from the page cache.
    rows
        Which, shape (n,).
    """

    matrix: sp.csr_matrix
    rows: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows chosen, and columns."""
        return len(self.rows), self.matrix.shape[1]

    def __getitem__(self, chosen: np.ndarray | slice) -> sp.csr_matrix:
        """Return some of the rows, CSR."""
        return self.matrix[self.rows[chosen]]

    def tocsc(self) -> sp.csc_matrix:
        """Return all of them by column, in memory."""
        return self.matrix[self.rows].tocsc()


@dataclass(frozen=True)
class Part:
    """Some cells, both modalities.

    Parameters
    ----------
    opened
        Peaks, shape (n, d).
    values
        log1p expression, CSR, shape (n, genes).
    counts
        What that was made of.
    known
        Sums by the weights that were asked for last.
    """

    opened: ChosenRows
    values: sp.csr_matrix
    counts: Counts
    known: dict[bytes, Tensor] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, dataset: Dataset, rows: np.ndarray) -> "Part":
        """Take some cells of a dataset."""
        values = as_they_are(dataset.Y)[rows]
        return cls(ChosenRows(as_they_are(dataset.X), rows), values, recovered_counts(values))

    def chunks(self) -> Iterator[tuple[int, sp.csr_matrix]]:
        """Give the peaks of some cells at a time as float32, and the number of the first cell."""
        for start in range(0, self.opened.shape[0], CHUNK):
            yield start, self.opened[start : start + CHUNK].astype(np.float32)

    def open_peaks(self) -> float:
        """Return how many peaks a cell has open, on average."""
        lengths = np.diff(self.opened.matrix.indptr)[self.opened.rows]
        return float(lengths.mean())

    def sums(self, weight: Tensor) -> Tensor:
        """Return `first_sums` of all cells; not to be written to, for the last ones are kept.

        A first layer that stays what it begins with is asked three times, and all open peaks are
        passed for it.
        """
        asked = blake2b(weight.detach().cpu().numpy().tobytes(), digest_size=16).digest()
        if asked not in self.known:
            self.known.clear()
            self.known[asked] = torch.cat([first_sums(weight, one) for _, one in self.chunks()])
        return self.known[asked]


@dataclass(frozen=True)
class PairedCells:
    """The cells that a surrogate is trained on, and those that stop it.

    Parameters
    ----------
    training, validation
        Where there is no validation cell, the training cells are both.
    types
        Type of each training cell, shape (n,).
    donors
        Donor of each training cell, shape (n,); None where the data name none.
    """

    training: Part
    validation: Part
    types: np.ndarray
    donors: np.ndarray | None = None

    @classmethod
    def of(cls, dataset: Dataset, train_rows: np.ndarray | None = None) -> "PairedCells":
        """Take `train_rows` of a dataset, its training cells by default.

        Raises
        ------
        XbenchError
            Where there is no expression.
        """
        if dataset.Y is None:
            raise XbenchError(f"{dataset.name}: has no expression to learn; use mlp-classifier")
        rows = np.asarray(dataset.split.train if train_rows is None else train_rows)
        training, stopped_by = Part.of(dataset, rows), dataset.split.stopping_rows(rows)
        stopping = training if stopped_by is rows else Part.of(dataset, stopped_by)
        donors = None if dataset.donors is None else dataset.donors[rows]
        return cls(training, stopping, dataset.cell_types[rows], donors)
