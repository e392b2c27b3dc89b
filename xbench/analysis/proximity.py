"""How near the selected peaks lie to where the target's gene starts, against random peaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import hypergeom

from xbench.data.features import Features, Interval
from xbench.errors import XbenchError
from xbench.mask.population import Subset, chosen_features

# Base pairs; 0 is overlap. The widest is the paper's soft hit.
REACHES = (0, 100_000, 1_000_000, 10_000_000)


@dataclass(frozen=True)
class Reach:
    """How many selected peaks lie within one distance.

    Parameters
    ----------
    base_pairs
        The distance; 0 for overlap.
    n_selected, n_peaks
        Peaks within it among the selected ones and among all that could be chosen.
    share, expected_share
        Of the selected peaks, and of all: what random ones have on average. Both 0 to 1.
    enrichment
        `share` relative to `expected_share`; None where no peak at all lies within the distance.
    p_value
        One-sided, hypergeometric: the chance that L peaks drawn from all that could be chosen,
        without replacement, have at least `n_selected` within the distance.
    """

    base_pairs: int
    n_selected: int
    n_peaks: int
    share: float
    expected_share: float
    enrichment: float | None
    p_value: float


@dataclass(frozen=True)
class Proximity:
    """Nearness of a selection to its target's gene.

    Parameters
    ----------
    measured_from
        ``"TSS"`` or ``"gene body"``.
    subset_size, n_features
        L, and how many peaks could be chosen: d where there was no window.
    nearest
        Base pairs to the nearest selected peak; None where none is on the gene's chromosome.
    reaches
        One for each distance asked for.
    """

    measured_from: str
    subset_size: int
    n_features: int
    nearest: float | None
    reaches: tuple[Reach, ...]


def proximity(
    features: Features,
    indices: Subset,
    gene: Interval,
    strand: str | None = None,
    reaches: Sequence[int] = REACHES,
    among: np.ndarray | None = None,
) -> Proximity:
    """Compare how many selected peaks are near a gene with what chance gives.

    No gene table of this repository knows strands, so that distances are to the gene body unless
    the caller knows better (in the simulations every gene is on the forward strand). A distance is
    0 on overlap and 1 between neighbouring bases (`Features.distance_to`).

    Parameters
    ----------
    features
        All d peaks; those whose place is not known are near nothing, selected or not.
    indices
        Selected peaks, shape (L,).
    gene
        Body of the target's gene, 0-based, half-open, base pairs.
    strand
        ``"+"`` or ``"-"``: distances are then to the TSS; None where not known.
    reaches
        Distances in base pairs.
    among
        Positions of the only peaks that could be chosen, as in a window round the gene, the
        selected ones among them: chance is of these. All d where None.

    Raises
    ------
    XbenchError
        Peaks without coordinates, indices that make no sense, or another strand.

    References
    ----------
    Liu, Xu et al., Section 5.3.2 and Table 3, where only the nearest peak counts; here all do.

    Examples
    --------
    >>> starts = [0, 5_000, 2_000_000, 9_000_000]
    >>> peaks = Features(list("abcd"), ["chr1"] * 4, starts, [start + 500 for start in starts])
    >>> near = proximity(peaks, [0, 1], Interval("chr1", 4_000, 6_000), reaches=[100_000]).reaches
    >>> near[0].share, near[0].expected_share, round(near[0].p_value, 4)
    (1.0, 0.5, 0.1667)
    """
    chosen = chosen_features(indices, len(features))
    anchor = anchor_of(gene, strand)
    distances = features.distance_to(anchor.interval)
    of_chosen, of_all = distances[chosen], distances if among is None else distances[among]
    nearest = float(of_chosen.min())
    return Proximity(
        measured_from=anchor.kind,
        subset_size=len(chosen),
        n_features=len(of_all),
        nearest=nearest if np.isfinite(nearest) else None,
        reaches=tuple(_reach(of_chosen, of_all, int(base_pairs)) for base_pairs in reaches),
    )


def _reach(of_chosen: np.ndarray, of_all: np.ndarray, base_pairs: int) -> Reach:
    n_selected, n_peaks = int((of_chosen <= base_pairs).sum()), int((of_all <= base_pairs).sum())
    share, expected = n_selected / len(of_chosen), n_peaks / len(of_all)
    return Reach(
        base_pairs=base_pairs,
        n_selected=n_selected,
        n_peaks=n_peaks,
        share=share,
        expected_share=expected,
        enrichment=share / expected if expected else None,
        p_value=float(hypergeom.sf(n_selected - 1, len(of_all), n_peaks, len(of_chosen))),
    )


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
