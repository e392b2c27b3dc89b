"""What analyses look at: a run's selection, its data, its surrogate, and what else they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from xbench.analysis.contact_source import ContactSource
from xbench.dataset import Dataset
from xbench.mask import MaskedPopulation, masked_population
from xbench.objective import OBJECTIVES
from xbench.record import Record
from xbench.surrogates.open import OpenedSurrogate
from xbench.target import Target


@dataclass(frozen=True)
class Resources:
    """What the runs of one (dataset, surrogate) are analysed with.

    Parameters
    ----------
    dataset, surrogate
        Of the runs.
    second
        A surrogate of the same data trained from another seed; None where there is none.
    contacts
        Contact maps and loops by name.
    markers
        Marker genes of each cell type, by name, for the matrix of Figure 3.
    """

    dataset: Dataset
    surrogate: OpenedSurrogate
    second: OpenedSurrogate | None = None
    contacts: Mapping[str, ContactSource] = field(default_factory=dict)
    markers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """One successful run, and the resources.

    Parameters
    ----------
    record
        Of the run; its status is ok.
    resources
        Of its dataset and surrogate.
    """

    record: Record
    resources: Resources

    @property
    def indices(self) -> np.ndarray:
        """The selection, shape (L,)."""
        return np.asarray(self.record.indices, dtype=np.int64)

    @property
    def target(self) -> Target:
        """What was explained."""
        return self.resources.dataset.target(self.record.cell_type, self.record.target)

    def test_rows(self, cell_type: str | None = None) -> np.ndarray:
        """Return the test cells of a type; of the run's own where None."""
        own = self.record.cell_type
        return self.resources.dataset.rows(own if cell_type is None else cell_type, "test")

    def population(
        self,
        surrogate: OpenedSurrogate | None = None,
        target: Target | None = None,
        cell_type: str | None = None,
    ) -> MaskedPopulation:
        """Return test cells under the mask operator, p = 0.

        Parameters
        ----------
        surrogate, target, cell_type
            Other ones than the run's.
        """
        model = (surrogate or self.resources.surrogate).model
        cells = self.resources.dataset.X[self.test_rows(cell_type)]
        return masked_population(model, cells, target or self.target, OBJECTIVES["expression"])
