"""Called loops in a .bedpe file: which peaks are looped to a promoter."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xbench.analysis.contact_source import PeakContacts
from xbench.data.coordinates import base_pairs
from xbench.data.digest import short_digest
from xbench.data.features import Interval
from xbench.data.genome import chromosome_lengths, chromosome_name, same_chromosome
from xbench.data.text_table import Row, read_rows, read_text
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

    Further columns, lines that begin with ``#``, a line of names wherever it is repeated, ``track``
    and ``browser`` lines, and loops with an end that is not known (``.``, or from -1 to -1) are
    passed over. Any text that `xbench.data.text_table` reads will do, gzipped or not.

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
    name = Path(path).name
    try:
        lines = list(read_rows(read_text(Path(path)), "\t", Path(path), ("#",)))
    except XbenchError as error:
        raise XbenchError(f"{path}: cannot be read as loops ({error})") from error
    found = [_loop(row, name) for row in _without_headers(lines)]
    loops = [loop for loop in found if loop is not None]
    cis = [loop for loop in loops if loop.chrom == loop.other]
    ends = np.array([loop.ends for loop in cis], dtype=np.int64).reshape(-1, 4)
    chrom = np.array([loop.chrom for loop in cis], dtype=str)
    n_unknown = len(found) - len(loops)
    return Loops(name, chrom, ends[:, :2], ends[:, 2:], len(loops) - len(cis), n_unknown)


class _Loop(NamedTuple):
    chrom: str
    other: str
    ends: tuple[int, int, int, int]


# Where start1, end1, start2, end2 stand.
_NUMBERS = (1, 2, 4, 5)
_TRACK = re.compile(r"(track|browser)(\s.*)?", re.DOTALL)


def _without_headers(rows: list[Row]) -> Iterator[Row]:
    """Pass over lines for a genome browser, and lines of names: the first, and where it recurs."""
    header: list[str] | None = None
    for number, row in enumerate(rows):
        fields = row.fields
        if len(fields) < 6 and _TRACK.fullmatch(fields[0]):
            continue
        named = len(fields) >= 6 and all(base_pairs(fields[at]) is None for at in _NUMBERS)
        if named and "." not in fields[:6] and (header is None or header == fields):
            before = rows[:number]
            if header == fields or all(_TRACK.fullmatch(other.fields[0]) for other in before):
                header = fields
                continue
        yield row


def _loop(row: Row, name: str) -> _Loop | None:
    """Return one loop, or None where an end is not known."""
    fields = row.fields
    if "." in (fields[0], *fields[3:4]):
        return None
    numbers = [base_pairs(field) for field in (fields[at] for at in _NUMBERS if at < len(fields))]
    known = [number for number in numbers if number is not None]
    if len(known) == len(_NUMBERS):
        start, end, far_start, far_end = known
        if (start, end) == (-1, -1) or (far_start, far_end) == (-1, -1):
            return None
        if 0 <= start < end and 0 <= far_start < far_end and fields[0] and fields[3]:
            one, other = (chromosome_name(fields[at]).name for at in (0, 3))
            return _Loop(one, other, (start, end, far_start, far_end))
    raise XbenchError(
        f"{name}: line {row.line} is no loop; it must begin with chrom1, start1, end1, "
        f"chrom2, start2, end2, separated by tabs, each end above its start: {row.shown}"
    )
