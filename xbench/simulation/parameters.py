"""What a simulation can be asked for, and the constants that it keeps.

The two simulations differ in the constants of a `Design`; docs/explanation/simulation.md says where
each is from. Light, so that listing datasets does not import anndata.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from xbench.errors import XbenchError
from xbench.simulation.simulated_cell_types import MARKERS, SHARES, TRANSCRIPTION_FACTORS
from xbench.utils.files import cache_folder
from xbench.utils.json import json_digest

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


# Changes whenever the same parameters would give other data: old files are then made again.
FORMAT = "xbench simulation 1"

CHROMOSOMES = (*(f"chr{number}" for number in range(1, 23)), "chrX", "chrY")
# Peaks of chr1, 10 to 19, 2, 20 to 22, 3 to 9, X, Y: the protocol's counts are in this order.
_COUNTS = (
    *(11348, 6169, 6997, 6364, 3554, 4233, 4076, 4178, 4966, 3189, 3807),
    *(10272, 3469, 1478, 2488, 8367, 6290, 7655, 7203, 6950, 6250, 5547, 2245, 124),
)
PAPER_PEAKS_OF = dict(zip(sorted(CHROMOSOMES), _COUNTS, strict=True))


@dataclass(frozen=True)
class Parameters:
    """Size and seed of a simulation; the default is the paper's size.

    Parameters
    ----------
    n_cells, n_peaks, n_genes
        Sizes. The markers and the factors' genes are always there: at least 31 genes.
    mean_open
        Wanted mean of peaks seen open in a cell; the design's share of the peaks where None.
    seed
        Not negative. The same seed gives the same data. The default is not 0, with which the
        markers' constants were chosen (docs/explanation/simulation.md).
    sparse
        Whether expression follows a hidden state of the chromatin, of which the assay sees little
        (`xbench.simulation.parameters.SPARSE`), instead of the peaks that are seen.

    Raises
    ------
    XbenchError
        Sizes that are too small.

    Examples
    --------
    >>> Parameters().open_peaks
    4811.34
    >>> Parameters(n_cells=400, n_peaks=2000, n_genes=60, seed=0).digest
    '9c7cd0a5197a'
    """

    n_cells: int = PAPER_CELLS
    n_peaks: int = PAPER_PEAKS
    n_genes: int = PAPER_GENES
    mean_open: float | None = None
    seed: int = 1
    sparse: bool = False

    def __post_init__(self) -> None:
        named = len({*MARKERS, *TRANSCRIPTION_FACTORS})
        least = {"n_cells": 10 * len(SHARES), "n_peaks": 200, "n_genes": named, "seed": 0}
        for name, lowest in least.items():
            if getattr(self, name) < lowest:
                given = getattr(self, name)
                raise XbenchError(f"simulation: {name} is {given} but must be at least {lowest}")
        if not 0 < self.open_peaks < self.n_peaks:
            raise XbenchError(
                f"simulation: mean_open is {self.open_peaks:g} but must be above 0 and below "
                f"n_peaks = {self.n_peaks}"
            )

    @property
    def design(self) -> Design:
        """The constants of this simulation."""
        return SPARSE if self.sparse else OBSERVED

    @property
    def open_peaks(self) -> float:
        """Wanted mean of peaks seen open in a cell."""
        if self.mean_open is not None:
            return self.mean_open
        mean, of = self.design.mean_open
        return mean * self.n_peaks / of

    @property
    def digest(self) -> str:
        """12 hex digits that name the parameters and the version of the simulation."""
        named = asdict(self)
        # Left out where it is not so: simulations of before there was a choice keep their digest.
        if not named.pop("sparse"):
            return json_digest([FORMAT, named], digits=12)
        return json_digest([FORMAT, named, asdict(self.design)], digits=12)

    def generator(self, stage: int) -> np.random.Generator:
        """Return a stage's own source of randomness: one stage's draws move no other's."""
        return np.random.default_rng([self.seed, stage])

    def cells_of(self) -> dict[str, int]:
        """Return the number of cells of each type: by share, but 10 or more.

        Examples
        --------
        >>> Parameters().cells_of()["Endo"], sum(Parameters().cells_of().values())
        (206, 10266)
        """
        least = min(20, self.n_cells // 16) / self.n_cells
        shares = np.array([max(share, least) for share in SHARES.values()])
        return dict(zip(SHARES, apportion(shares, self.n_cells).tolist(), strict=True))

    def peaks_of(self) -> dict[str, int]:
        """Return the number of peaks of each chromosome, chr1 to chrY.

        Examples
        --------
        >>> Parameters().peaks_of()["chr10"]
        6169
        """
        shares = np.array([PAPER_PEAKS_OF[name] for name in CHROMOSOMES], dtype=np.float64)
        return dict(zip(CHROMOSOMES, apportion(shares, self.n_peaks).tolist(), strict=True))


def apportion(shares: np.ndarray, total: int) -> np.ndarray:
    """Share out a whole number by the method of largest remainders.

    Parameters
    ----------
    shares
        Shape (k,), positive, any sum.
    total
        What is shared out.

    Returns
    -------
    int64, shape (k,), adding up to `total`.

    Examples
    --------
    >>> apportion(np.array([1.0, 1.0, 2.0]), 7).tolist()
    [2, 2, 3]
    """
    exact = shares / shares.sum() * total
    sizes = np.floor(exact + 1e-9).astype(np.int64)
    by_remainder = np.argsort(-(exact - sizes), kind="stable")
    sizes[by_remainder[: total - sizes.sum()]] += 1
    return sizes


def simulations_folder() -> Path:
    """Where simulations are kept."""
    return cache_folder() / "simulations"


def simulated_file(parameters: Parameters) -> Path:
    """Return where the simulation with these parameters is kept, made or not.

    Examples
    --------
    >>> simulated_file(Parameters(seed=1)).name
    'simulated-multiome-d8992e4ef117.h5mu'
    """
    return simulations_folder() / f"{parameters.design.name}-{parameters.digest}.h5mu"


def set_folder(parameters: Parameters) -> Path:
    """Return the folder for the truth, loops and contacts of a simulation, made or not."""
    return simulated_file(parameters).with_suffix("")
