"""Where a gene starts: one base where its strand is known, otherwise one of its two ends."""

from typing import NamedTuple

from xbench.data.features import Interval
from xbench.errors import XbenchError

STRANDS = ("+", "-")


class Anchor(NamedTuple):
    """What distances to a gene are measured from.

    Parameters
    ----------
    interval
        One base where the strand is known, the whole gene body otherwise.
    kind
        ``"TSS"`` or ``"gene body"``.
    """

    interval: Interval
    kind: str


def anchor_of(gene: Interval, strand: str | None = None) -> Anchor:
    """Return the TSS where the strand is known, the gene body where it is not.

    Parameters
    ----------
    gene
        The gene body, 0-based, half-open, in base pairs.
    strand
        ``"+"``, ``"-"``, or None where nobody knows it.

    Raises
    ------
    XbenchError
        Another strand.

    Examples
    --------
    >>> anchor_of(Interval("chr1", 100, 900), "-")
    Anchor(interval=Interval(chrom='chr1', start=899, end=900), kind='TSS')
    """
    _require_strand(strand)
    if strand is None:
        return Anchor(gene, "gene body")
    return Anchor(possible_starts(gene, strand)[0], "TSS")


def possible_starts(gene: Interval, strand: str | None = None) -> tuple[Interval, ...]:
    """Return the base at which a gene starts, or both bases that it may be.

    Parameters
    ----------
    gene
        The gene body, 0-based, half-open, in base pairs.
    strand
        ``"+"``, ``"-"``, or None where nobody knows it.

    Returns
    -------
    One interval of one base, or two: the first and the last base of the gene.

    Raises
    ------
    XbenchError
        Another strand.

    Examples
    --------
    >>> [start.start for start in possible_starts(Interval("chr1", 100, 900))]
    [100, 899]
    """
    _require_strand(strand)
    ends = {
        "+": Interval(gene.chrom, gene.start, gene.start + 1),
        "-": Interval(gene.chrom, gene.end - 1, gene.end),
    }
    return tuple(ends.values()) if strand is None else (ends[strand],)


def _require_strand(strand: str | None) -> None:
    if strand is not None and strand not in STRANDS:
        raise XbenchError(f"strand is {strand!r} but must be '+' or '-', or None where not known")
