"""How often each peak is open in each type, and open peaks sampled cell by cell.

The rate of fragments in peak j of a cell of type t with depth delta and state z is
``delta rate[t, j] exp(load_j z_axis(j) - load_j^2 / 2)``; the peak is open where at least one
fragment falls into it. The least work is one number for each open entry: a cell draws the number
of its fragments, and places them in the running sum of its rates. The largest array that is ever
held beside the result is one row of d rates a type.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import brentq

from xbench.errors import XbenchError
from xbench.simulation.cell_types import CELL_TYPES, SHARES
from xbench.simulation.parameters import Parameters
from xbench.simulation.peak_positions import Peaks
from xbench.simulation.regulation import Regulation

DEPTH_DEVIATION = 0.4
N_STATES = 3
STATE_CHANCE, STATE_LOAD = 0.3, (0.3, 0.8)
# Chance that a CRE is open at depth 1 in types where its gene is active, by the kind of gene, and
# elsewhere.
OPEN = ((0.2, 0.6), (0.2, 0.6), (0.05, 0.25), (0.4, 0.85))
OPEN_ELSEWHERE = (0.005, 0.02)
# Other peaks: log-normal rates; some are raised in one type.
OTHER_DEVIATION = 1.2
RAISED_CHANCE, RAISED = 0.4, (1.0, 2.5)
_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(9)


@dataclass(frozen=True, eq=False)
class Accessibility:
    """Rates of all peaks.

    Parameters
    ----------
    rate
        Fragments at depth 1, shape (types, peaks).
    axis, load
        State that moves each peak, and how much on the log scale (0 for most), shape (peaks,).
    """

    rate: np.ndarray
    axis: np.ndarray
    load: np.ndarray


@dataclass(frozen=True, eq=False)
class SimulatedCells:
    """What is drawn for each cell before its peaks.

    Parameters
    ----------
    types
        Number of the type, shape (n,).
    depth
        delta, log-normal with mean 1, shape (n,).
    depth_normal
        The normal variable behind it, shape (n,).
    state
        z, standard normal, shape (n, N_STATES).
    """

    types: np.ndarray
    depth: np.ndarray
    depth_normal: np.ndarray
    state: np.ndarray


def draw_cells(parameters: Parameters, generator: np.random.Generator) -> SimulatedCells:
    """Draw the cells, in random order of types."""
    types = np.repeat(np.arange(len(CELL_TYPES)), list(parameters.cells_of().values()))
    normal = generator.standard_normal(len(types))
    return SimulatedCells(
        types=generator.permutation(types),
        depth=np.exp(DEPTH_DEVIATION * normal - DEPTH_DEVIATION**2 / 2),
        depth_normal=normal,
        state=generator.standard_normal((len(types), N_STATES)),
    )


def draw_accessibility(
    parameters: Parameters, regulation: Regulation, peaks: Peaks, generator: np.random.Generator
) -> Accessibility:
    """Draw the rates, and scale those of the peaks that are no CRE to the wanted mean.

    Raises
    ------
    XbenchError
        Where the CREs alone are open more often than `mean_open` allows.
    """
    count = len(peaks.chrom)
    axis = generator.integers(N_STATES, size=count)
    load = _loads(count, generator)
    rate = _other_rates(count, generator)
    cres = peaks.cre_feature
    rate[:, cres] = _cre_rates(regulation, generator)
    # The CREs of a module move together.
    modules = len(regulation.module_gene)
    axis[cres] = generator.integers(N_STATES, size=modules)[regulation.cre_module]
    load[cres] = _loads(modules, generator)[regulation.cre_module]
    others = np.setdiff1d(np.arange(count), cres)
    left = parameters.open_peaks - mean_open(rate[:, cres], load[cres])
    if not 0 < left < len(others):
        raise XbenchError(
            f"simulation: mean_open is {parameters.open_peaks:g}, but the CREs of "
            f"{parameters.n_genes} genes alone are open {parameters.open_peaks - left:.1f} times "
            "a cell; choose fewer genes or more peaks"
        )

    def excess(log_scale: float) -> float:
        return mean_open(rate[:, others] * np.exp(log_scale), load[others]) - left

    rate[:, others] *= np.exp(brentq(excess, -15.0, 15.0, xtol=1e-4))
    return Accessibility(rate, axis, load)


def mean_open(rate: np.ndarray, load: np.ndarray) -> float:
    """Return the expected number of open peaks of a cell, over types, depths and states.

    A peak's rate is log-normal over the cells of a type; 9 Gauss-Hermite nodes integrate it.

    Examples
    --------
    >>> round(mean_open(np.full((8, 10), 1e-6), np.zeros(10)) / 1e-5, 4)
    1.0
    """
    shares = np.array(list(SHARES.values()))
    deviation = np.sqrt(DEPTH_DEVIATION**2 + load**2)
    total = 0.0
    for node, weight in zip(_NODES, _NODE_WEIGHTS / _NODE_WEIGHTS.sum(), strict=True):
        factor = np.exp(deviation * node - deviation**2 / 2)
        total += weight * (shares @ -np.expm1(-rate * factor)).sum()
    return float(total)


def sample_open_peaks(
    accessibility: Accessibility, cells: SimulatedCells, generator: np.random.Generator
) -> sparse.csr_matrix:
    """Sample the open peaks of every cell: int8 CSR, ascending indices, shape (n, peaks)."""
    loaded = np.flatnonzero(accessibility.load)
    load, axis = accessibility.load[loaded], accessibility.axis[loaded]
    shift = load**2 / 2
    rows = []
    for number, depth, state in zip(cells.types, cells.depth, cells.state, strict=True):
        rate = accessibility.rate[number].copy()
        rate[loaded] *= np.exp(load * state[axis] - shift)
        reach = np.cumsum(rate)
        fragments = generator.random(generator.poisson(depth * reach[-1]))
        fragments.sort()
        # Sorted, so the search keeps to one neighbourhood and equal peaks are neighbours.
        places = np.searchsorted(reach, fragments * reach[-1], side="right").astype(np.int32)
        rows.append(places[np.diff(places, prepend=-1) > 0])
    pointers = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    indices = np.concatenate(rows)
    ones = np.ones(len(indices), dtype=np.int8)
    shape = (len(rows), accessibility.rate.shape[1])
    return sparse.csr_matrix((ones, indices, pointers), shape=shape)


def _loads(count: int, generator: np.random.Generator) -> np.ndarray:
    load = generator.uniform(*STATE_LOAD, count) * generator.choice([-1.0, 1.0], size=count)
    return np.where(generator.random(count) < STATE_CHANCE, load, 0.0)


def _other_rates(count: int, generator: np.random.Generator) -> np.ndarray:
    """Return the rates of peaks that are no CRE, up to a common factor."""
    base = np.exp(OTHER_DEVIATION * generator.standard_normal(count))
    rate = np.tile(base, (len(CELL_TYPES), 1))
    raised = np.flatnonzero(generator.random(count) < RAISED_CHANCE)
    types = generator.integers(len(CELL_TYPES), size=len(raised))
    rate[types, raised] *= np.exp(generator.uniform(*RAISED, len(raised)))
    return rate


def _cre_rates(regulation: Regulation, generator: np.random.Generator) -> np.ndarray:
    gene = regulation.module_gene[regulation.cre_module]
    active = generator.uniform(*np.array(OPEN)[regulation.kind[gene]].T)
    elsewhere = generator.uniform(*OPEN_ELSEWHERE, len(gene))
    chance = np.where(regulation.active[gene].T, active, elsewhere)
    return -np.log1p(-chance)
