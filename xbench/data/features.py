"""What the columns of a matrix are: their names and, for genomes, where they lie."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from xbench.errors import XbenchError, require_shape, unknown_name

if TYPE_CHECKING:
    import pandas as pd

COORDINATE_COLUMNS = ("chrom", "start", "end")

__all__ = ["COORDINATE_COLUMNS", "Features", "Interval"]


@dataclass(frozen=True, eq=False)
class Features:
    """Names and, where there are any, genome coordinates of the d columns of a matrix.

    Parameters
    ----------
    names
        Shape (d,), strings, no name twice.
    chrom
        Shape (d,), strings, "" where not known; None where the features have no coordinates.
    start, end
        Shape (d,), base pairs, 0-based and half-open, -1 where not known; None together with
        `chrom`.
    strand
        Shape (d,), "+", "-" or "" where not known; None where it is known of none.

    Raises
    ------
    XbenchError
        Arrays of different lengths, a name that occurs twice, coordinates given in part, a feature
        that ends before it starts, or a strand that is none.

    Examples
    --------
    >>> peaks = Features(["a", "b"], ["chr1", "chr1"], [100, 500], [200, 600])
    >>> peaks.interval(1)
    Interval(chrom='chr1', start=500, end=600)
    >>> peaks.distance_to(Interval("chr1", 150, 160)).tolist()
    [0.0, 341.0]
    """

    names: np.ndarray
    chrom: np.ndarray | None = None
    start: np.ndarray | None = None
    end: np.ndarray | None = None
    strand: np.ndarray | None = None

    def __post_init__(self) -> None:
        # object.__setattr__ is how a frozen dataclass normalises what it was given.
        object.__setattr__(self, "names", np.asarray(self.names, dtype=str))
        require_shape("names", self.names.shape, (self.names.size,))
        self._require_unique_names()
        if self.chrom is None and self.start is None and self.end is None:
            return
        if self.chrom is None or self.start is None or self.end is None:
            raise XbenchError("features: give chrom, start and end together, or none of them")
        object.__setattr__(self, "chrom", np.asarray(self.chrom, dtype=str))
        for name in ("start", "end"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.int64))
        for name in COORDINATE_COLUMNS:
            require_shape(name, getattr(self, name).shape, self.names.shape)
        _require_positive_lengths(self.names, self.chrom, self.start, self.end)
        if self.strand is not None:
            object.__setattr__(self, "strand", np.asarray(self.strand, dtype=str))
            require_shape("strand", self.strand.shape, self.names.shape)
            odd = sorted(set(self.strand.tolist()) - {"+", "-", ""})
            if odd:
                raise XbenchError(
                    f"strand {odd[0]!r}: must be '+', '-' or '' where it is not known"
                )

    @classmethod
    def from_frame(cls, var: "pd.DataFrame") -> "Features":
        """Read names from the index; places, if all exist, from columns chrom, start, end, strand.

        Examples
        --------
        >>> import pandas as pd
        >>> Features.from_frame(pd.DataFrame(index=["a", "b"])).has_coordinates
        False
        """
        names = var.index.to_numpy(dtype=str)
        if not set(COORDINATE_COLUMNS) <= set(var.columns):
            return cls(names)
        chrom, start, end = (var[column].to_numpy() for column in COORDINATE_COLUMNS)
        strand = var["strand"].to_numpy() if "strand" in var.columns else None
        return cls(names, chrom, start, end, strand)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def has_coordinates(self) -> bool:
        """Whether the features lie on a genome."""
        return self.chrom is not None

    def interval(self, index: int) -> "Interval | None":
        """Return where feature `index` lies; None where that is not known.

        Examples
        --------
        >>> Features(["a"], [""], [-1], [-1]).interval(0) is None
        True
        """
        if self.chrom is None or self.start is None or self.end is None:
            return None
        if not self.chrom[index] or self.start[index] < 0:
            return None
        strand = "" if self.strand is None else str(self.strand[index])
        return Interval(
            str(self.chrom[index]), int(self.start[index]), int(self.end[index]), strand
        )

    def take(self, indices: np.ndarray) -> "Features":
        """Return some of the features, in the order of `indices`.

        Examples
        --------
        >>> Features(["a", "b", "c"]).take(np.array([2, 0])).names.tolist()
        ['c', 'a']
        """
        places = (self.chrom, self.start, self.end, self.strand)
        taken = (None if part is None else part[indices] for part in places)
        return Features(self.names[indices], *taken)

    def index_of(self, name: str, kind: str = "feature", where: str = "") -> int:
        """Return the column called `name`: spelt exactly so or, failing that, in another case.

        Parameters
        ----------
        name
            The name to look up.
        kind, where
            What the name stands for and where it was looked up, for the error's text.

        Raises
        ------
        XbenchError
            There is no such name, or more than one differing from it in case only.

        Examples
        --------
        >>> Features(["Gad1", "Mog"]).index_of("MOG")
        1
        """
        if name in self._index_by_name:
            return self._index_by_name[name]
        candidates = self._indices_by_lower_name.get(name.lower(), [])
        if len(candidates) > 1:
            spellings = ", ".join(str(self.names[index]) for index in candidates)
            prefix = f"{where}: " if where else ""
            raise XbenchError(f"{prefix}{kind} {name!r} could be any of: {spellings}; spell it out")
        if not candidates:
            raise unknown_name(kind, name, self._index_by_name, where)
        return candidates[0]

    def position(self, name: str) -> int | None:
        """Return the column spelt exactly so; None where there is none.

        Examples
        --------
        >>> Features(["a", "b"]).position("b"), Features(["a"]).position("A")
        (1, None)
        """
        return self._index_by_name.get(name)

    def distance_to(self, where: "Interval | HasInterval") -> np.ndarray:
        """Return how far each feature is from `where`, in base pairs.

        The distance is that between the two nearest bases, as bedtools counts it: 0 only where
        the two share a base, 1 where they touch, and the gap plus 1 otherwise.

        Parameters
        ----------
        where
            An interval, or something with an `interval`, such as a `Target`.

        Returns
        -------
        Shape (d,), float64; inf on another chromosome and where a feature's place is not known.

        Raises
        ------
        XbenchError
            The features, or `where`, have no coordinates.

        Examples
        --------
        >>> peaks = Features(["a", "b"], ["chr1", "chr2"], [100, 100], [200, 200])
        >>> peaks.distance_to(Interval("chr1", 200, 300)).tolist()
        [1.0, inf]
        """
        interval = where if isinstance(where, Interval) else where.interval
        if self.chrom is None or self.start is None or self.end is None:
            raise XbenchError("features have no coordinates; use data with chrom, start and end")
        if interval is None:
            name = getattr(where, "name", "the target")
            raise XbenchError(f"{name!r} has no coordinates; choose a target with a known place")
        after = self.start - interval.end + 1
        before = interval.start - self.end + 1
        distance = np.maximum(np.maximum(after, before), 0).astype(np.float64)
        distance[(self.chrom != interval.chrom) | (self.start < 0)] = np.inf
        return distance

    def distance_to_start(self, gene: "Interval") -> np.ndarray:
        """Return how far each feature is from where a gene is transcribed from, in base pairs.

        Where the gene's strand is not known, it starts at one of its two ends: the nearer counts.

        Returns
        -------
        Shape (d,), float64, see `distance_to`.

        Examples
        --------
        >>> peaks = Features(["a", "b"], ["chr1", "chr1"], [100, 500], [200, 600])
        >>> [peaks.distance_to_start(Interval("chr1", 190, 700, one)).tolist() for one in "+-"]
        [[0.0, 310.0], [500.0, 100.0]]
        """
        distances = [self.distance_to(start) for start in gene.starts]
        nearest: np.ndarray = np.minimum.reduce(distances)
        return nearest

    def blocks(self) -> tuple[list[str], np.ndarray]:
        """Return the runs of columns that lie on one chromosome.

        Returns
        -------
        labels
            The chromosome of each block, in column order; "all" without coordinates.
        boundaries
            Shape (n_blocks + 1,), int64: block b holds columns boundaries[b] to boundaries[b + 1].

        Raises
        ------
        XbenchError
            A chromosome's features are not next to each other.

        Examples
        --------
        >>> peaks = Features(["a", "b", "c"], ["chr1", "chr1", "chr2"], [1, 5, 1], [2, 6, 2])
        >>> labels, boundaries = peaks.blocks()
        >>> labels, boundaries.tolist()
        (['chr1', 'chr2'], [0, 2, 3])
        """
        if self.chrom is None:
            return ["all"], np.array([0, len(self)], dtype=np.int64)
        changes = np.flatnonzero(self.chrom[1:] != self.chrom[:-1]) + 1
        starts = np.concatenate([[0], changes])[: len(self)].astype(np.int64)
        labels = [str(label) for label in self.chrom[starts]]
        scattered = [label for label, count in Counter(labels).items() if count > 1]
        if scattered:
            raise XbenchError(
                f"features of chromosome {scattered[0]!r} are not next to each other; "
                "sort the features by chromosome"
            )
        return labels, np.append(starts, len(self))

    @cached_property
    def _index_by_name(self) -> dict[str, int]:
        return {str(name): index for index, name in enumerate(self.names)}

    @cached_property
    def _indices_by_lower_name(self) -> dict[str, list[int]]:
        indices: dict[str, list[int]] = {}
        for index, name in enumerate(self.names):
            indices.setdefault(str(name).lower(), []).append(index)
        return indices

    def _require_unique_names(self) -> None:
        if len(self._index_by_name) == len(self):
            return
        name, count = Counter(self.names.tolist()).most_common(1)[0]
        raise XbenchError(f"feature {name!r} occurs {count} times; give each its own name")


def _require_positive_lengths(
    names: np.ndarray, chrom: np.ndarray, start: np.ndarray, end: np.ndarray
) -> None:
    wrong = np.flatnonzero((chrom != "") & (start >= 0) & (end <= start))
    if wrong.size:
        index = wrong[0]
        raise XbenchError(
            f"feature {str(names[index])!r} ends at {end[index]} but starts at {start[index]}; "
            "end must be above start (0-based, half-open)"
        )


@dataclass(frozen=True)
class Interval:
    """A stretch of a chromosome: 0-based, half-open, in base pairs, at least one base long.

    A gene may have a strand: "+", "-", or "" where it is not known.

    Raises
    ------
    XbenchError
        A negative start, or an end not above it.

    Examples
    --------
    >>> Interval("chr2", 70_392_386, 70_432_358)
    Interval(chrom='chr2', start=70392386, end=70432358)
    """

    chrom: str
    start: int
    end: int
    strand: str = field(default="", repr=False)

    @property
    def starts(self) -> tuple["Interval", ...]:
        """The base that transcription starts at; both ends where the strand is not known.

        Examples
        --------
        >>> Interval("chr1", 5, 9, "-").starts
        (Interval(chrom='chr1', start=8, end=9),)
        """
        first = Interval(self.chrom, self.start, self.start + 1, self.strand)
        last = Interval(self.chrom, self.end - 1, self.end, self.strand)
        return {"+": (first,), "-": (last,)}.get(self.strand, (first, last))

    def __post_init__(self) -> None:
        if self.start < 0 or self.end <= self.start:
            raise XbenchError(
                f"interval {self.chrom}:{self.start}-{self.end}: start must be at least 0 and "
                "below end; give 0-based, half-open base pairs"
            )


class HasInterval(Protocol):
    """Anything that may lie somewhere on the genome, such as a `Target`."""

    @property
    def interval(self) -> Interval | None:
        """Where it lies; None where that is not known."""
