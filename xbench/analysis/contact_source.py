"""What knows which peaks touch a promoter: a contact map or called loops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from xbench.data.features import Interval
from xbench.data.genome import GENOMES, build_name, chromosome_lengths, chromosome_name
from xbench.errors import XbenchError


@dataclass(frozen=True, eq=False)
class PeakContacts:
    """Contacts of some peaks with a promoter on their chromosome.

    Parameters
    ----------
    contact
        Shape (m,); NaN where the source cannot tell.
    expected
        What two places so far apart have on average on this chromosome, shape (m,), NaN where
        `contact` is; 1 for a source that has no such mean.
    unresolved
        Whether the peak is too near to the promoter to be told from it, shape (m,).
    place
        Number of what was really measured, shape (m,): peaks in one bin of a map share a contact.
    """

    contact: np.ndarray
    expected: np.ndarray
    unresolved: np.ndarray
    place: np.ndarray


class ContactSource(Protocol):
    """A contact map, or a list of loops."""

    @property
    def name(self) -> str:
        """What errors and results call it."""

    @property
    def fingerprint(self) -> str:
        """What tells its content from that of another file of the same name."""

    @property
    def resolution(self) -> int | None:
        """Base pairs a bin; None where there are no bins."""

    @property
    def balanced(self) -> bool | None:
        """Whether contacts are balanced; None where there is nothing to balance."""

    def chromosome(self, chrom: str) -> str | None:
        """Return how the source spells a chromosome; None where it has none of it."""

    def require_build(self, genome: str | None) -> None:
        """Raise `XbenchError` where the source cannot be of a genome build."""

    def contacts(
        self, promoter: Sequence[Interval], start: np.ndarray, end: np.ndarray
    ) -> PeakContacts:
        """Return contacts of m peaks with the places at which a gene may start."""


def identity(source: ContactSource) -> str:
    """Return what findings call a source: its name and its fingerprint."""
    return f"{source.name} [{source.fingerprint}]"


def require_lengths(lengths: Mapping[str, int], genome: str, where: str) -> None:
    """Raise `XbenchError` where chromosomes are not as long as a build has them.

    Parameters
    ----------
    lengths
        Base pairs of each chromosome, by any spelling; those that the build does not have are not
        looked at.
    genome
        A build; of one that is not known nothing can be said.
    where
        What has these lengths, for the error's text.

    Examples
    --------
    >>> require_lengths({"1": 248956422}, "hg38", "map.cool")
    """
    wrong = _contradictions(lengths, genome)
    if not wrong:
        return
    name, length, expected = wrong[0]
    fitting = [build for build in GENOMES if _fits(lengths, build)]
    guess = f", as in {fitting[0]}" if fitting else ""
    raise XbenchError(
        f"{where}: chromosome {name} has {length:,} bases{guess}, but in {build_name(genome)}, the "
        f"build of the peaks, it has {expected:,}; give contacts of that build"
    )


def _contradictions(lengths: Mapping[str, int], genome: str) -> list[tuple[str, int, int]]:
    expected = chromosome_lengths(genome) or {}
    spellings = ((name, chromosome_name(name).name) for name in lengths)
    return [
        (name, lengths[name], expected[own])
        for name, own in spellings
        if own in expected and expected[own] != lengths[name]
    ]


def _fits(lengths: Mapping[str, int], genome: str) -> bool:
    expected = chromosome_lengths(genome) or {}
    shared = any(chromosome_name(name).name in expected for name in lengths)
    return shared and not _contradictions(lengths, genome)
