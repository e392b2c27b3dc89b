"""The whole simulation, from parameters to matrices and truth."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from xbench.simulation.accessibility import draw_accessibility, draw_cells, sample_open_peaks
from xbench.simulation.counts import (
    calibrated,
    draw_libraries,
    library_factors,
    sample_counts,
    seen,
)
from xbench.simulation.gene_positions import Genes, choose_genes
from xbench.simulation.intricacies import intricate
from xbench.simulation.known_regulation import Truth
from xbench.simulation.parameters import Parameters
from xbench.simulation.peak_positions import Peaks, place_peaks
from xbench.simulation.regulation import Regulation, draw_regulation
from xbench.simulation.response import strengthened
from xbench.simulation.simulated_cell_types import CELL_TYPES


@dataclass(frozen=True, eq=False)
class Simulation:
    """What was simulated.

    Parameters
    ----------
    open_peaks
        int8 CSR of zeros and ones, shape (n, peaks).
    counts
        int32 CSR, shape (n, genes).
    cell_types
        Shape (n,), names.
    peaks, genes, truth
        What the columns are, and how they belong together.
    hidden
        Which sites are really open, int8 CSR of zeros and ones, shape (n, peaks); None where all
        are seen.
    cell_columns
        What else is known of each cell, shape (n,) each: its donor and batch, if there are any.
    """

    open_peaks: sparse.csr_matrix
    counts: sparse.csr_matrix
    cell_types: np.ndarray
    peaks: Peaks
    genes: Genes
    truth: Truth
    hidden: sparse.csr_matrix | None = None
    cell_columns: dict[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def state(self) -> sparse.csr_matrix:
        """What F is a function of, CSR, shape (n, peaks); see `xbench.simulation.response`."""
        if self.hidden is None:
            return self.open_peaks
        types = np.array([CELL_TYPES.index(name) for name in self.cell_types])
        return strengthened(self.hidden, types, self.truth)


def simulate(parameters: Parameters) -> Simulation:
    """Simulate cells, peaks and expression; the same for the same parameters.

    Examples
    --------
    >>> small = simulate(Parameters(n_cells=160, n_peaks=2000, n_genes=60))
    >>> small.open_peaks.shape, small.counts.shape
    ((160, 2000), (160, 60))
    """
    design, source = parameters.design, parameters.generator
    genes = choose_genes(parameters.n_genes, source(0))
    regulation = draw_regulation(genes, source(1), design)
    cells = draw_cells(parameters, source(4))
    libraries = None
    if parameters.sparse:
        regulation = intricate(regulation, genes, design, source(7))
        libraries = draw_libraries(cells.types, design, source(8))
        cells = libraries.given_to(cells)
    peaks = place_peaks(parameters, genes, regulation, source(2))
    detection = 1.0 if libraries is None else float(libraries.detection.mean())
    accessibility = draw_accessibility(parameters, regulation, peaks, source(3), detection)
    open_sites = sample_open_peaks(accessibility, cells, source(5))
    truth = _truth(regulation, peaks)
    state = strengthened(open_sites, cells.types, truth)
    truth = calibrated(truth, state)
    factor = None if libraries is None else library_factors(len(genes), design, source(9))
    counts = sample_counts(state, truth, cells, source(6), design.mean_counts, factor)
    found = Simulation(
        open_peaks=open_sites,
        counts=counts,
        cell_types=np.array(CELL_TYPES)[cells.types],
        peaks=peaks,
        genes=genes,
        truth=truth,
    )
    if libraries is None:
        return found
    return replace(
        found,
        open_peaks=seen(open_sites, libraries.detection, source(10)),
        hidden=open_sites,
        cell_columns=libraries.columns(),
    )


def _truth(regulation: Regulation, peaks: Peaks) -> Truth:
    return Truth(
        base=regulation.base,
        module_gene=regulation.module_gene,
        module_effect=regulation.module_effect,
        cre_feature=peaks.cre_feature,
        cre_module=regulation.cre_module,
        cre_weight=regulation.cre_weight,
        pair_first=regulation.pair_first,
        pair_second=regulation.pair_second,
        pair_effect=regulation.pair_effect,
        trans_gene=regulation.trans_gene,
        trans_factor=regulation.trans_factor,
        trans_effect=regulation.trans_effect,
        cre_strength=regulation.cre_strength,
    )
