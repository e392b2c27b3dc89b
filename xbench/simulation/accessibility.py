"""How often each peak is open in each type, and open peaks sampled cell by cell.

The rate of fragments in peak j of a cell of type t with depth delta and state z is
``delta rate[t, j] exp(load_j z_axis(j) - load_j^2 / 2)``; the peak is open where at least one
fragment falls into it. The least work is one number for each open entry: a cell draws the number
of its fragments, and places them in the running sum of its rates. The largest array that is ever
held beside the result is one row of d rates a type.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.optimize import brentq

from xbench.errors import XbenchError
from xbench.simulation.parameters import OBSERVED, Design, Parameters
from xbench.simulation.peak_positions import Peaks
from xbench.simulation.regulation import Regulation
from xbench.simulation.simulated_cell_types import CELL_TYPES, SHARES

N_STATES = 3
STATE_CHANCE, STATE_LOAD = 0.3, (0.3, 0.8)
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
    donor_factor
        By what each donor's rates are multiplied, shape (donors, peaks); None without donors.
    neighbour, neighbour_of, spread
        Idle peaks, the CREs with which they open, shape (neighbours,), and the chance of that.
    """

    rate: np.ndarray
    axis: np.ndarray
    load: np.ndarray
    donor_factor: np.ndarray | None = None
    neighbour: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    neighbour_of: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    spread: float = 0.0


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
        The normal variable behind the depth of the assay, shape (n,).
    state
        z, standard normal, shape (n, N_STATES).
    donor, library
        Numbers, shape (n,); None without donors (see `xbench.simulation.counts`).
    """

    types: np.ndarray
    depth: np.ndarray
    depth_normal: np.ndarray
    state: np.ndarray
    donor: np.ndarray | None = None
    library: np.ndarray | None = None


def draw_cells(parameters: Parameters, generator: np.random.Generator) -> SimulatedCells:
    """Draw the cells, in random order of types."""
    types = np.repeat(np.arange(len(CELL_TYPES)), list(parameters.cells_of().values()))
    normal = generator.standard_normal(len(types))
    deviation = parameters.design.depth_deviation
    return SimulatedCells(
        types=generator.permutation(types),
        depth=np.exp(deviation * normal - deviation**2 / 2),
        depth_normal=normal,
        state=generator.standard_normal((len(types), N_STATES)),
    )


def draw_accessibility(
    parameters: Parameters,
    regulation: Regulation,
    peaks: Peaks,
    generator: np.random.Generator,
    detection: float = 1.0,
) -> Accessibility:
    """Draw the rates, and scale those of the peaks that are no CRE to the wanted mean.

    Parameters
    ----------
    parameters, regulation, peaks
        What there is.
    generator
        Source of randomness.
    detection
        Mean chance that an open peak is seen.

    Raises
    ------
    XbenchError
        Where the CREs alone are open more often than `mean_open` allows.
    """
    design, count = parameters.design, len(peaks.chrom)
    deviation = design.depth_deviation
    axis = generator.integers(N_STATES, size=count)
    load = _loads(count, generator)
    rate = _other_rates(count, generator)
    own = regulation.owner
    cres = peaks.cre_feature[own]
    rate[:, cres] = 0
    # Open where either gene is active, if it serves two.
    np.maximum.at(rate.T, peaks.cre_feature, _cre_rates(regulation, design, generator).T)
    # The CREs of a module move together.
    modules = len(regulation.module_gene)
    axis[cres] = generator.integers(N_STATES, size=modules)[regulation.cre_module[own]]
    load[cres] = _loads(modules, generator)[regulation.cre_module[own]]
    others = np.setdiff1d(np.arange(count), cres)
    taken = mean_open(rate[:, cres], load[cres], deviation)
    beside = peaks.neighbour_of
    taken += design.spread * mean_open(rate[:, beside], load[beside], deviation)
    left = parameters.open_peaks / detection - taken
    if not 0 < left < len(others):
        raise XbenchError(
            f"simulation: mean_open is {parameters.open_peaks:g}, but the CREs of "
            f"{parameters.n_genes} genes alone are open {taken * detection:.1f} times "
            "a cell; choose fewer genes or more peaks"
        )

    def excess(log_scale: float) -> float:
        return mean_open(rate[:, others] * np.exp(log_scale), load[others], deviation) - left

    rate[:, others] *= np.exp(brentq(excess, -15.0, 15.0, xtol=1e-4))
    return Accessibility(
        rate=rate,
        axis=axis,
        load=load,
        donor_factor=_donor_factors(design, count, generator),
        neighbour=peaks.neighbour_feature,
        neighbour_of=beside,
        spread=design.spread,
    )


def _donor_factors(design: Design, count: int, generator: np.random.Generator) -> np.ndarray | None:
    if not design.donors:
        return None
    shape = (design.donors, count)
    logs = design.donor_shift * generator.standard_normal(shape) - design.donor_shift**2 / 2
    return np.where(generator.random(count) < design.donor_chance, np.exp(logs), 1.0)


def mean_open(
    rate: np.ndarray, load: np.ndarray, depth_deviation: float = OBSERVED.depth_deviation
) -> float:
    """Return the expected number of open peaks of a cell, over types, depths and states.

    A peak's rate is log-normal over the cells of a type; 9 Gauss-Hermite nodes integrate it.

    Examples
    --------
    >>> round(mean_open(np.full((8, 10), 1e-6), np.zeros(10)) / 1e-5, 4)
    1.0
    """
    shares = np.array(list(SHARES.values()))
    deviation = np.sqrt(depth_deviation**2 + load**2)
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
    beside = len(accessibility.neighbour) > 0
    rows = []
    for cell, number in enumerate(cells.types):
        rate = accessibility.rate[number].copy()
        rate[loaded] *= np.exp(load * cells.state[cell][axis] - shift)
        if accessibility.donor_factor is not None and cells.donor is not None:
            rate *= accessibility.donor_factor[cells.donor[cell]]
        reach = np.cumsum(rate)
        fragments = generator.random(generator.poisson(cells.depth[cell] * reach[-1]))
        fragments.sort()
        # Sorted, so the search keeps to one neighbourhood and equal peaks are neighbours.
        places = np.searchsorted(reach, fragments * reach[-1], side="right").astype(np.int32)
        opened = places[np.diff(places, prepend=-1) > 0]
        rows.append(_spread(opened, accessibility, generator) if beside else opened)
    pointers = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    indices = np.concatenate(rows)
    ones = np.ones(len(indices), dtype=np.int8)
    shape = (len(rows), accessibility.rate.shape[1])
    return sparse.csr_matrix((ones, indices, pointers), shape=shape)


def _spread(
    opened: np.ndarray, accessibility: Accessibility, generator: np.random.Generator
) -> np.ndarray:
    """Open some of the idle neighbours of the CREs that are open."""
    is_open = np.zeros(accessibility.rate.shape[1], dtype=bool)
    is_open[opened] = True
    reached = accessibility.neighbour[is_open[accessibility.neighbour_of]]
    is_open[reached[generator.random(len(reached)) < accessibility.spread]] = True
    return np.flatnonzero(is_open).astype(np.int32)


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


def _cre_rates(
    regulation: Regulation, design: Design, generator: np.random.Generator
) -> np.ndarray:
    gene = regulation.cre_gene
    active = generator.uniform(*np.array(design.open_in)[regulation.kind[gene]].T)
    elsewhere = generator.uniform(*design.open_elsewhere, len(gene))
    chance = np.where(regulation.module_active[regulation.cre_module].T, active, elsewhere)
    return -np.log1p(-chance)
