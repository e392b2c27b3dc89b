"""Put peaks on the chromosomes: the CREs where regulation wants them, then the others."""

from dataclasses import dataclass

import numpy as np

from xbench.errors import XbenchError
from xbench.simulation.gene_positions import Genes
from xbench.simulation.parameters import CHROMOSOMES, Parameters, apportion
from xbench.simulation.regulation import Regulation

# A peak is 500 bp long and lies in a slot of its own, so that no two overlap.
SLOT, WIDTH = 1000, 500
# A chromosome has at least so many peaks for each of its CREs, however small the simulation.
SPARE = 1.25


@dataclass(frozen=True, eq=False)
class Peaks:
    """Peaks, sorted by chromosome and start.

    Parameters
    ----------
    chrom
        Number of the chromosome, 0 to 23, shape (peaks,).
    start
        Base pairs, 0-based, shape (peaks,).
    cre_feature
        The peak that is each CRE, shape (CREs,).
    neighbour_feature, neighbour_of
        Idle peaks that open with a CRE, and that CRE's peak, shape (neighbours,).
    """

    chrom: np.ndarray
    start: np.ndarray
    cre_feature: np.ndarray
    neighbour_feature: np.ndarray
    neighbour_of: np.ndarray

    @property
    def end(self) -> np.ndarray:
        """Base pairs, half-open, shape (peaks,)."""
        return self.start + WIDTH

    def names(self) -> np.ndarray:
        """Return names such as chr1:1000-1500."""
        labels = np.array(CHROMOSOMES)[self.chrom]
        places = zip(labels, self.start, self.end, strict=True)
        return np.array([f"{chrom}:{start}-{end}" for chrom, start, end in places])


def place_peaks(
    parameters: Parameters, genes: Genes, regulation: Regulation, generator: np.random.Generator
) -> Peaks:
    """Place all peaks.

    Raises
    ------
    XbenchError
        Where there are fewer peaks than CREs need, or more than a chromosome has room for.
    """
    owners = np.flatnonzero(regulation.owner)
    # The CREs that have a peak of their own, then the peaks beside some of them.
    cre = np.concatenate([owners, regulation.neighbour_site])
    gene = regulation.cre_gene[cre]
    place = genes.start[gene] + regulation.cre_distance[cre]
    place[len(owners) :] += regulation.neighbour_distance
    wanted = place // SLOT
    counts = _counts(parameters, np.bincount(genes.chrom[gene], minlength=len(CHROMOSOMES)))
    slots: list[np.ndarray] = []
    feature = np.empty(len(gene), dtype=np.int64)
    first = 0
    for number, name in enumerate(CHROMOSOMES):
        room = int(genes.chromosome_lengths[number]) // SLOT
        here = np.flatnonzero(genes.chrom[gene] == number)
        count = int(counts[number])
        if count > room // 2:
            raise XbenchError(
                f"simulation: {name} has room for {room // 2} peaks, not {count}; choose fewer "
                "peaks"
            )
        own = _nearest_free(np.clip(wanted[here], 0, room - 1), room)
        free = np.setdiff1d(np.arange(room), own, assume_unique=True)
        others = generator.choice(free, size=count - len(own), replace=False)
        taken = np.sort(np.concatenate([own, others]))
        feature[here] = first + np.searchsorted(taken, own)
        slots.append(taken)
        first += count
    slot = np.concatenate(slots)
    chrom = np.repeat(np.arange(len(slots)), [len(part) for part in slots])
    offset = generator.integers(SLOT - WIDTH, size=len(slot))
    of_cre = np.full(len(regulation.cre_site), -1)
    of_cre[owners] = feature[: len(owners)]
    return Peaks(
        chrom=chrom,
        start=slot * SLOT + offset,
        cre_feature=of_cre[regulation.cre_site],
        neighbour_feature=feature[len(owners) :],
        neighbour_of=of_cre[regulation.neighbour_site],
    )


def _counts(parameters: Parameters, cres: np.ndarray) -> np.ndarray:
    """Return the peaks of each chromosome: the protocol's shares, but room for its CREs.

    At the paper's size these are the protocol's counts: there is room everywhere.
    """
    least = np.ceil(SPARE * cres).astype(np.int64)
    left = parameters.n_peaks - least.sum()
    if left < 0:
        raise XbenchError(
            f"simulation: n_peaks is {parameters.n_peaks} but the {cres.sum()} CREs of "
            f"{parameters.n_genes} genes need {least.sum()}; choose more peaks or fewer genes"
        )
    usual = np.array(list(parameters.peaks_of().values()))
    return least + apportion(np.maximum(usual - least, 0).astype(np.float64), left)


def _nearest_free(wanted: np.ndarray, room: int) -> np.ndarray:
    """Return a slot for each, as near as possible to the one wanted, none twice."""
    taken: dict[int, None] = {}
    for slot in wanted.tolist():
        step = 0
        # wanted, +1, -1, +2, -2, ...: one is always free, for half the room is enough.
        while slot + step in taken or not 0 <= slot + step < room:
            step = -step if step > 0 else 1 - step
        taken[slot + step] = None
    return np.array(list(taken), dtype=np.int64)
