"""The constants in which the two simulations differ; docs/simulation.md says where each is from."""

from dataclasses import dataclass

# Peaks open in a cell on average, of all peaks: in the paper's data and in the mouse cortex.
PAPER_CELLS, PAPER_PEAKS, PAPER_GENES = 10_266, 127_219, 3_000
PAPER_OPEN = 4_811.34
CORTEX_OPEN, CORTEX_PEAKS = 98.8, 25_734


@dataclass(frozen=True)
class Design:
    """Constants of a simulation.

    Parameters
    ----------
    name
        Of files and datasets.
    mean_open
        Peaks that are seen open in a cell on average, and of how many.
    open_in, open_elsewhere
        Range of the chance that a CRE is open at depth 1 in types where its gene is active, by the
        kind of gene (specific, lineage, broad, marker), and in others.
    depth_deviation
        Deviation of the log of a cell's own factor of all rates.
    far_chance
        Chance that a CRE, unless at the TSS, is beyond 1 Mb.
    mean_counts
        Mean of a cell's counts over all genes.
    detection
        Least and largest chance that the assay sees an open site; None where what is open is what
        is seen, and expression follows it.
    repressed_chance, repression
        Chance that a gene has a repressing module; range of its effect, to be subtracted.
    shared_chance, shared_within
        Chance that a CRE is a peak that serves another gene already; farthest base pairs to it.
    strength
        Range of a CRE's strength in a cell type.
    neighbours, neighbour_distance, spread
        Idle peaks a CRE has beside it on average; range of base pairs between; chance that one is
        open because the CRE is.
    donors, batches
        Number of each; every donor is in every batch. 0 where there is no such thing.
    depth_share
        Share of the variance of depth that lies between libraries (a donor in a batch).
    composition
        Deviation of the log of a type's share between libraries.
    donor_chance, donor_shift
        Chance that a peak's rate depends on the donor, and the deviation of its log.
    library_shift
        Deviation of the log of a gene's counts between libraries: a fault of measurement.
    """

    name: str = "simulated-multiome"
    mean_open: tuple[float, int] = (PAPER_OPEN, PAPER_PEAKS)
    open_in: tuple[tuple[float, float], ...] = ((0.2, 0.6), (0.2, 0.6), (0.05, 0.25), (0.4, 0.85))
    open_elsewhere: tuple[float, float] = (0.005, 0.02)
    depth_deviation: float = 0.4
    far_chance: float = 0.06
    mean_counts: float = 3000.0
    detection: tuple[float, float] | None = None
    repressed_chance: float = 0.0
    repression: tuple[float, float] = (0.0, 0.0)
    shared_chance: float = 0.0
    shared_within: float = 0.0
    strength: tuple[float, float] = (1.0, 1.0)
    neighbours: float = 0.0
    neighbour_distance: tuple[float, float] = (0.0, 0.0)
    spread: float = 0.0
    donors: int = 0
    batches: int = 0
    depth_share: float = 0.0
    composition: float = 0.0
    donor_chance: float = 0.0
    donor_shift: float = 0.0
    library_shift: float = 0.0


OBSERVED = Design()
SPARSE = Design(
    name="simulated-multiome-sparse",
    mean_open=(CORTEX_OPEN, CORTEX_PEAKS),
    open_in=((0.05, 0.35), (0.05, 0.35), (0.02, 0.12), (0.3, 0.7)),
    open_elsewhere=(0.002, 0.02),
    depth_deviation=0.22,
    far_chance=0.083,
    mean_counts=240.0,
    detection=(0.1, 0.3),
    repressed_chance=0.3,
    repression=(0.5, 2.0),
    shared_chance=0.1,
    shared_within=2e6,
    strength=(0.1, 0.7),
    neighbours=0.25,
    neighbour_distance=(1e3, 3e3),
    spread=0.3,
    donors=4,
    batches=2,
    depth_share=0.25,
    composition=0.4,
    donor_chance=0.1,
    donor_shift=0.5,
    library_shift=0.1,
)
