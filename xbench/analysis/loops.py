"""Called loops in a .bedpe file: which peaks are looped to a promoter."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from xbench.analysis.contact_source import PeakContacts
from xbench.data.bedpe import read_bedpe
from xbench.data.digest import short_digest
from xbench.data.features import Interval
from xbench.data.genome import chromosome_lengths, same_chromosome
from xbench.errors import XbenchError


@dataclass(frozen=True, eq=False)
class Loops:
    """Pairs of places that were found to touch.

    Parameters
    ----------
    name
        What errors and results call them: their file.
    chrom
        Shape (loops,), as `xbench.data.genome.chromosome_name` calls them; loops between
        chromosomes are left out.
    first, second
        Both anchors of each, start and end in base pairs, 0-based, half-open, shape (loops, 2).
    n_trans
        How many were left out.
    n_unknown
        How many more, because an end is not known.
    """

    name: str
    chrom: np.ndarray
    first: np.ndarray
    second: np.ndarray
    n_trans: int = 0
    n_unknown: int = 0

    @cached_property
    def fingerprint(self) -> str:
        """Of all loops, in their order."""
        ends = np.concatenate([self.first, self.second], axis=1)
        return short_digest([*self.chrom.tolist(), str(ends.tolist())])

    @property
    def resolution(self) -> int | None:
        """None: loops have no bins."""
        return None

    @property
    def balanced(self) -> bool | None:
        """None: loops are not balanced."""
        return None

    def chromosome(self, chrom: str) -> str | None:
        """Return how the loops spell a chromosome; None where none is on it."""
        return same_chromosome(chrom, self.chrom.tolist(), self.name)

    def require_build(self, genome: str | None) -> None:
        """Raise `XbenchError` where an anchor lies past the end of its chromosome."""
        lengths = (None if genome is None else chromosome_lengths(genome)) or {}
        for chrom in dict.fromkeys(self.chrom.tolist()):
            here = self.chrom == chrom
            last = max(self.first[here, 1].max(), self.second[here, 1].max())
            if chrom in lengths and last > lengths[chrom]:
                raise XbenchError(
                    f"{self.name}: a loop reaches to {chrom}:{last:,}, past the end in {genome} "
                    f"({lengths[chrom]:,}), the build of the peaks; give loops of that build"
                )

    def contacts(
        self, promoter: Sequence[Interval], start: np.ndarray, end: np.ndarray
    ) -> PeakContacts:
        """Return 1 for each of m peaks that a loop joins to a promoter, and 0 for the others.

        A loop joins them where one anchor overlaps the peak and the other a base at which the gene
        may start. A peak that itself overlaps such a base is not told from it.

        Parameters
        ----------
        promoter
            Bases at which the gene may start, all on one chromosome.
        start, end
            Peaks on that chromosome, shape (m,), base pairs, 0-based and half-open.
        """
        here = self.chrom == self.chromosome(promoter[0].chrom)
        joined = np.zeros(len(start), dtype=bool)
        unresolved = np.zeros(len(start), dtype=bool)
        for place in promoter:
            unresolved |= (start < place.end) & (end > place.start)
            for near, far in ((self.first, self.second), (self.second, self.first)):
                touches = here & (near[:, 0] < place.end) & (near[:, 1] > place.start)
                for low, high in far[touches]:
                    joined |= (start < high) & (end > low)
        each = np.arange(len(start))
        return PeakContacts(joined.astype(float), np.ones(len(start)), unresolved, each)


def read_loops(path: str | Path) -> Loops:
    """Read loops from a .bedpe file: chrom1, start1, end1, chrom2, start2, end2, separated by tabs.

    What is passed over, `xbench.data.bedpe` says; loops between chromosomes are counted only.

    Raises
    ------
    XbenchError
        No such file, or a line that is no loop, with its number.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".bedpe") as file:
    ...     print("chr1", 10, 20, "chr1", 500, 600, sep=chr(9), file=file)
    ...     print("chr1", 10, 20, "chr2", 500, 600, sep=chr(9), file=file, flush=True)
    ...     loops = read_loops(file.name)
    >>> loops.second.tolist(), loops.n_trans
    ([[500, 600]], 1)
    """
    loops, n_unknown = read_bedpe(Path(path))
    cis = [loop for loop in loops if loop.chrom == loop.other]
    ends = np.array([loop.ends for loop in cis], dtype=np.int64).reshape(-1, 4)
    chrom = np.array([loop.chrom for loop in cis], dtype=str)
    return Loops(Path(path).name, chrom, ends[:, :2], ends[:, 2:], len(loops) - len(cis), n_unknown)
