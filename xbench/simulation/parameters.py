"""What a simulation can be asked for, and the constants that it keeps.

Where simulations are kept; light, so that listing datasets does not import anndata.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from xbench.errors import XbenchError
from xbench.simulation.cell_types import MARKERS, SHARES, TRANSCRIPTION_FACTORS
from xbench.simulation.design import (
    OBSERVED,
    PAPER_CELLS,
    PAPER_GENES,
    PAPER_PEAKS,
    SPARSE,
    Design,
)
from xbench.utils.json import json_digest
from xbench.utils.paths import cache_folder

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
        markers' constants were chosen (docs/simulation.md).
    sparse
        Whether expression follows a hidden state of the chromatin, of which the assay sees little
        (`xbench.simulation.design.SPARSE`), instead of the peaks that are seen.

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
