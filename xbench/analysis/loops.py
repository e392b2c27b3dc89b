"""Called loops in a .bedpe file: which peaks are looped to a promoter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from xbench.analysis.contact_source import PeakContacts, spelt
from xbench.data.digest import short_digest
from xbench.data.features import Interval
from xbench.data.genome import chromosome_lengths
from xbench.errors import XbenchError


@dataclass(frozen=True, eq=False)
class Loops:
    """Pairs of places that were found to touch.

    Parameters
    ----------
    name
        What errors and results call them: their file.
    chrom
        Shape (loops,); loops between chromosomes are left out.
    first, second
        Both anchors of each, start and end in base pairs, 0-based, half-open, shape (loops, 2).
    n_trans
        How many were left out.
    """

    name: str
    chrom: np.ndarray
    first: np.ndarray
    second: np.ndarray
    n_trans: int = 0

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
        return spelt(chrom, dict.fromkeys(self.chrom.tolist()))

    def require_build(self, genome: str | None) -> None:
        """Raise `XbenchError` where an anchor lies past the end of its chromosome."""
        lengths = (None if genome is None else chromosome_lengths(genome)) or {}
        for chrom in dict.fromkeys(self.chrom.tolist()):
            name = spelt(chrom, lengths)
            here = self.chrom == chrom
            last = max(self.first[here, 1].max(), self.second[here, 1].max())
            if name is not None and last > lengths[name]:
                raise XbenchError(
                    f"{self.name}: a loop reaches to {chrom}:{last:,}, past the end in {genome} "
                    f"({lengths[name]:,}), the build of the peaks; give loops of that build"
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

    Further columns, lines that begin with ``#``, a line of names, and loops with an end that is not
    known (``.``) are passed over.

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
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise XbenchError(f"{path}: cannot be read as loops ({error})") from error
    rows = list(_rows(text, Path(path).name))
    cis = [row for row in rows if spelt(row[0], [row[3]])]
    places = np.array([[*row[1:3], *row[4:6]] for row in cis], dtype=np.int64).reshape(-1, 4)
    chrom = np.array([row[0] for row in cis], dtype=str)
    return Loops(Path(path).name, chrom, places[:, :2], places[:, 2:], len(rows) - len(cis))


def _rows(text: str, name: str) -> Iterator[tuple[str, int, int, str, int, int]]:
    first = True
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith(("#", "track", "browser")):
            continue
        parts = line.split("\t")
        header = first and len(parts) >= 6 and not any(parts[at].isdecimal() for at in (1, 2, 4, 5))
        first = False
        if header:
            continue
        if "." in (parts[0], *parts[3:4]):
            continue
        try:
            one, start, end, other, far_start, far_end = parts[:6]
            row = (one, int(start), int(end), other, int(far_start), int(far_end))
        except ValueError:
            row = ("", 0, 0, "", 0, 0)
        if not 0 <= row[1] < row[2] or not 0 <= row[4] < row[5]:
            raise XbenchError(
                f"{name}: line {number} is no loop; it must begin with chrom1, start1, end1, "
                "chrom2, start2, end2, separated by tabs, each end above its start"
            )
        yield row
