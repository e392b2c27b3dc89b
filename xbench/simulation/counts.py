"""From open peaks to true expression, and to counts as a sequencer would see them.

A library is a donor in a batch. Libraries differ in depth, in the shares of the cell types, and in
how well each gene is counted; donors differ in the rates of some peaks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.special import ndtr

from xbench.data.preprocess import COUNTS_PER_CELL
from xbench.simulation.accessibility import SimulatedCells
from xbench.simulation.known_regulation import Truth
from xbench.simulation.parameters import Design

# Counts of a cell over the simulated genes: log-normal, correlated with the depth of its peaks.
COUNTS_DEVIATION, DEPTH_CORRELATION = 0.5, 0.5
# Size of the negative binomial of each gene: log-uniform; its variance is mean + mean^2 / size.
SIZE = (2.0, 20.0)
# Cells at once: 512 x 3,000 genes are 12 MB.
BLOCK = 512
CALIBRATION_CELLS = 1024


def log_rates(open_peaks: sparse.csr_matrix, truth: Truth) -> np.ndarray:
    """Return eta, the log of the expected counts per 1e5, of every gene.

    Parameters
    ----------
    open_peaks
        Zeros and ones, or strengths (`xbench.simulation.response`), shape (n, peaks). The work is
        one multiply-add an open CRE.
    truth
        Tables of F.

    Returns
    -------
    float64, shape (n, genes).
    """
    peaks = sparse.csr_matrix(open_peaks, dtype=np.float64)
    places = (truth.cre_feature, truth.cre_module)
    shape = (peaks.shape[1], truth.n_modules)
    logs = sparse.csr_matrix((np.log1p(-truth.cre_weight), places), shape=shape)
    active = -np.expm1((peaks @ logs).toarray())
    cis = active @ _to_genes(truth.module_effect, truth.module_gene, truth.n_genes)
    both = active[:, truth.pair_first] * active[:, truth.pair_second]
    pair_gene = truth.module_gene[truth.pair_first]
    cis += both @ _to_genes(truth.pair_effect, pair_gene, truth.n_genes)
    eta = truth.base + cis
    share = cis[:, truth.trans_factor] / truth.top[truth.trans_factor]
    eta += share @ _to_genes(truth.trans_effect, truth.trans_gene, truth.n_genes)
    return eta


def calibrated(truth: Truth, open_peaks: sparse.csr_matrix) -> Truth:
    """Shift every b alike, so that the mean sum of expected counts is 1e5 over (some) cells."""
    step = max(1, open_peaks.shape[0] // CALIBRATION_CELLS)
    chosen = open_peaks[::step]
    sums = [np.exp(log_rates(chosen[rows], truth)).sum(axis=1) for rows in _blocks(chosen.shape[0])]
    shift = np.log(COUNTS_PER_CELL / np.concatenate(sums).mean())
    return replace(truth, base=truth.base + shift)


def sample_counts(
    open_peaks: sparse.csr_matrix,
    truth: Truth,
    cells: SimulatedCells,
    generator: np.random.Generator,
    mean_counts: float,
    library_factor: np.ndarray | None = None,
) -> sparse.csr_matrix:
    """Sample observed counts: negative binomial around depth x expected counts.

    Parameters
    ----------
    open_peaks, truth
        As for `log_rates`.
    cells
        Know how deeply they are measured.
    generator
        Source of randomness.
    mean_counts
        Mean of a cell's counts.
    library_factor
        How much better or worse each gene is counted in each library, shape (libraries, genes);
        None without libraries.

    Returns
    -------
    int32 CSR, shape (n, genes).
    """
    size = np.exp(generator.uniform(np.log(SIZE[0]), np.log(SIZE[1]), truth.n_genes))
    own = generator.standard_normal(len(cells.types))
    normal = DEPTH_CORRELATION * cells.depth_normal + np.sqrt(1 - DEPTH_CORRELATION**2) * own
    depth = mean_counts * np.exp(COUNTS_DEVIATION * normal - COUNTS_DEVIATION**2 / 2)
    parts = []
    for rows in _blocks(open_peaks.shape[0]):
        rate = np.exp(log_rates(open_peaks[rows], truth))
        mean = rate * (depth[rows, None] / COUNTS_PER_CELL)
        if library_factor is not None and cells.library is not None:
            mean *= library_factor[cells.library[rows]]
        counts = generator.poisson(mean * (generator.gamma(size, size=mean.shape) / size))
        parts.append(sparse.csr_matrix(counts.astype(np.int32)))
    return sparse.vstack(parts, format="csr")


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK) for start in range(0, count, BLOCK))


def _to_genes(effect: np.ndarray, gene: np.ndarray, n_genes: int) -> sparse.csr_matrix:
    """Return the matrix that adds up effects by gene, shape (effects, genes)."""
    shape = (len(effect), n_genes)
    return sparse.csr_matrix((effect, (np.arange(len(effect)), gene)), shape=shape)


@dataclass(frozen=True, eq=False)
class Libraries:
    """Where each cell comes from.

    Parameters
    ----------
    library, donor, batch
        Numbers, shape (n,).
    depth_normal
        How deeply the cell is measured: standard normal over all libraries, shape (n,).
    detection
        Chance that an open site of the cell is seen, shape (n,).
    """

    library: np.ndarray
    donor: np.ndarray
    batch: np.ndarray
    depth_normal: np.ndarray
    detection: np.ndarray

    def given_to(self, cells: SimulatedCells) -> SimulatedCells:
        """Return the cells with their donors and libraries, and the depth that follows."""
        return replace(
            cells, depth_normal=self.depth_normal, donor=self.donor, library=self.library
        )

    def columns(self) -> dict[str, np.ndarray]:
        """Return what is known of each cell, as text."""
        return {
            "donor": np.array([f"donor-{number + 1}" for number in self.donor]),
            "batch": np.array([f"batch-{number + 1}" for number in self.batch]),
        }


def draw_libraries(types: np.ndarray, design: Design, generator: np.random.Generator) -> Libraries:
    """Draw the library of each cell, whose type is given, and its depth."""
    count = design.donors * design.batches
    shift = generator.standard_normal(count)
    # Of mean 0 and variance 1 over the libraries, so that they move no overall level.
    shift = (shift - shift.mean()) / shift.std()
    n_types = int(types.max()) + 1
    share = np.exp(design.composition * generator.standard_normal((n_types, count)))
    edges = np.cumsum(share / share.sum(axis=1, keepdims=True), axis=1)
    library = (generator.random(len(types))[:, None] > edges[types, :-1]).sum(axis=1)
    between = np.sqrt(design.depth_share) * shift[library]
    own = np.sqrt(1 - design.depth_share) * generator.standard_normal(len(types))
    normal = between + own
    return Libraries(
        library=library,
        donor=library // design.batches,
        batch=library % design.batches,
        depth_normal=normal,
        detection=_detection(normal, design),
    )


def library_factors(n_genes: int, design: Design, generator: np.random.Generator) -> np.ndarray:
    """Draw how much better or worse each gene is counted in each library.

    Returns
    -------
    float64, shape (libraries, genes), of mean 1.
    """
    shape = (design.donors * design.batches, n_genes)
    deviation = design.library_shift
    return np.exp(deviation * generator.standard_normal(shape) - deviation**2 / 2)


def _detection(normal: np.ndarray, design: Design) -> np.ndarray:
    """Return chances that are log-uniform between the least and the largest.

    Examples
    --------
    >>> from xbench.simulation.parameters import SPARSE
    >>> _detection(np.array([-9.0, 0.0, 9.0]), SPARSE).round(3).tolist()
    [0.1, 0.173, 0.3]
    """
    assert design.detection is not None
    low, high = design.detection
    return low * (high / low) ** ndtr(normal)


def seen(
    hidden: sparse.csr_matrix, detection: np.ndarray, generator: np.random.Generator
) -> sparse.csr_matrix:
    """Keep each open site with its cell's chance.

    Parameters
    ----------
    hidden
        int8 CSR of zeros and ones, shape (n, peaks).
    detection
        Shape (n,).

    Returns
    -------
    int8 CSR, shape (n, peaks).
    """
    kept = [
        row[generator.random(len(row)) < chance]
        for row, chance in zip(
            np.split(hidden.indices, hidden.indptr[1:-1]), detection, strict=True
        )
    ]
    pointers = np.concatenate([[0], np.cumsum([len(row) for row in kept])])
    indices = np.concatenate(kept)
    ones = np.ones(len(indices), dtype=np.int8)
    return sparse.csr_matrix((ones, indices, pointers), shape=hidden.shape)
