"""A place on the genome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from xbench.errors import XbenchError


@dataclass(frozen=True)
class Interval:
    """A stretch of a chromosome: 0-based, half-open, in base pairs, at least one base long.

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
