"""What analyses look at: a run's selection, checked, its data, its surrogate, and the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from xbench.analysis.contact_source import ContactSource
from xbench.data.dataset import Dataset, Target
from xbench.mask import MaskedPopulation, masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.results.record import Record
from xbench.surrogates.checkpoint import OpenedSurrogate


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
        Contact maps and loops of all cells.
    contacts_by_type
        Contact maps of single cell types, by type.
    markers
        Marker genes of each cell type, by name, for the matrix of Figure 3.
    """

    dataset: Dataset
    surrogate: OpenedSurrogate
    second: OpenedSurrogate | None = None
    contacts: Sequence[ContactSource] = ()
    contacts_by_type: Mapping[str, ContactSource] = field(default_factory=dict)
    markers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _populations: dict[tuple[str, str, str], MaskedPopulation] = field(
        default_factory=dict, repr=False
    )

    def population(
        self, surrogate: OpenedSurrogate, cell_type: str, target: Target
    ) -> MaskedPopulation:
        """Return a type's test cells under the mask operator, p = 0; encoded once, then kept.

        Parameters
        ----------
        surrogate
            One of the two.
        cell_type
            Whose cells.
        target
            The gene explained.
        """
        key = surrogate.digest, cell_type, target.name
        if key not in self._populations:
            rows = self.dataset.rows(cell_type, "test")
            cells = surrogate.model.inputs_of(self.dataset, rows)
            self._populations[key] = masked_population(
                surrogate.model, cells, target, OBJECTIVES["expression"]
            )
        return self._populations[key]


@dataclass(frozen=True)
class AnalysisSubject:
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

    def population(self, surrogate: OpenedSurrogate | None = None) -> MaskedPopulation:
        """Return the run's test cells under the mask operator, of another surrogate if given."""
        chosen = surrogate or self.resources.surrogate
        return self.resources.population(chosen, self.record.cell_type, self.target)
