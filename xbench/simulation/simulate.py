"""The whole simulation, from parameters to matrices and truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from xbench.simulation.accessibility import draw_accessibility, draw_cells, sample_open_peaks
from xbench.simulation.cell_types import CELL_TYPES
from xbench.simulation.gene_positions import Genes, choose_genes
from xbench.simulation.parameters import Parameters
from xbench.simulation.peak_positions import Peaks, place_peaks
from xbench.simulation.regulation import Regulation, draw_regulation
from xbench.simulation.simulated_counts import calibrated, sample_counts
from xbench.simulation.truth import Truth


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
    """

    open_peaks: sparse.csr_matrix
    counts: sparse.csr_matrix
    cell_types: np.ndarray
    peaks: Peaks
    genes: Genes
    truth: Truth


def simulate(parameters: Parameters) -> Simulation:
    """Simulate cells, peaks and expression; the same for the same parameters.

    Examples
    --------
    >>> small = simulate(Parameters(n_cells=160, n_peaks=2000, n_genes=60))
    >>> small.open_peaks.shape, small.counts.shape
    ((160, 2000), (160, 60))
    """
    genes = choose_genes(parameters.n_genes, parameters.generator(0))
    regulation = draw_regulation(genes, parameters.generator(1))
    peaks = place_peaks(parameters, genes, regulation, parameters.generator(2))
    accessibility = draw_accessibility(parameters, regulation, peaks, parameters.generator(3))
    cells = draw_cells(parameters, parameters.generator(4))
    open_peaks = sample_open_peaks(accessibility, cells, parameters.generator(5))
    truth = calibrated(_truth(regulation, peaks), open_peaks)
    return Simulation(
        open_peaks=open_peaks,
        counts=sample_counts(open_peaks, truth, cells, parameters.generator(6)),
        cell_types=np.array(CELL_TYPES)[cells.types],
        peaks=peaks,
        genes=genes,
        truth=truth,
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
    )
