"""Donors and batches: from which library a cell comes, and what its assay can see of it.

A library is a donor in a batch. Libraries differ in depth, in the shares of the cell types, and in
how well each gene is counted; donors differ in the rates of some peaks.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.special import ndtr

from xbench.simulation.accessibility import SimulatedCells
from xbench.simulation.design import Design


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
    >>> from xbench.simulation.design import SPARSE
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
