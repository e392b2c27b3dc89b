"""Whether the selected peaks touch the promoter of the target's gene more than like peaks do."""

from dataclasses import dataclass, fields, replace

import numpy as np

from xbench.analysis.contact_source import ContactSource
from xbench.analysis.matched_draws import Matching, drawn_sums, strata
from xbench.analysis.proximity import possible_starts
from xbench.data.features import Features, Interval
from xbench.errors import require_shape
from xbench.mask.population import Subset, chosen_features


@dataclass(frozen=True)
class ContactEnrichment:
    """Contacts of a selection with the promoter of its target's gene.

    The six numbers of peaks from `n_elsewhere` to `n_compared` add up to `n_selected`; a peak
    counts under the first that fits.

    Parameters
    ----------
    source
        File of the map or loops.
    resolution, balanced
        Base pairs a bin, and whether contacts are balanced; None for loops.
    promoter
        ``"TSS"``, or ``"both ends"`` of the gene where its strand is not known.
    n_selected
        L.
    n_elsewhere
        Not on the gene's chromosome (contacts in trans are not looked at), or nobody knows where.
    n_unresolved
        In the promoter's own bin, or overlapping it.
    n_missing
        In a bin that the map masks.
    n_beyond
        So far from the promoter that the map has no contact at all at this distance.
    n_unmatched
        In places without any place like them that holds no selected peak.
    n_compared
        Selected peaks that all below is about.
    n_places, n_controls
        Places that these lie in, and places like them in which no peak is selected. A place is a
        bin of the map, whose peaks share its contacts and so count once; for loops it is a peak.
    observed
        Mean contact of the compared places with the promoter; for loops the share that is joined.
    expected
        The same, if they had as much contact for their distances as the places like them have.
    enrichment
        `observed` relative to `expected`.
    p_value
        One-sided, (1 + k) / (1 + n): k of n random selections have as much contact or more.
    draws
        n.
    reason
        Why there is no enrichment; None where there is one.
    """

    source: str
    resolution: int | None
    balanced: bool | None
    promoter: str
    n_selected: int
    n_elsewhere: int
    n_unresolved: int = 0
    n_missing: int = 0
    n_beyond: int = 0
    n_unmatched: int = 0
    n_compared: int = 0
    n_places: int = 0
    n_controls: int = 0
    observed: float | None = None
    expected: float | None = None
    enrichment: float | None = None
    p_value: float | None = None
    draws: int = 0
    reason: str | None = None


def contact_enrichment(
    source: ContactSource,
    features: Features,
    indices: Subset,
    gene: Interval,
    accessibility: np.ndarray,
    *,
    genome: str | None,
    strand: str | None = None,
    matching: Matching | None = None,
    seed: int = 0,
) -> ContactEnrichment:
    """Compare contacts of selected peaks with those of peaks as far and as accessible.

    Peaks in one bin of a map count as one place. All places of the gene's chromosome that hold
    peaks are grouped by distance and accessibility, the means of their peaks
    (`xbench.analysis.matched_draws.strata`). The statistic is the sum over the selected places of
    ``(contact - mean) / sqrt(mean)``, where the mean is that of two places so far apart on this
    chromosome: reads are counts, so that this is as variable near the promoter as far from it, and
    differences of distance inside a group matter little. Its null distribution is that of
    selections drawn at random inside the groups.

    Parameters
    ----------
    source
        A contact map (`xbench.analysis.contact_map.open_contact_map`) or loops
        (`xbench.analysis.loops.read_loops`).
    features
        All d peaks.
    indices
        Selected peaks, shape (L,).
    gene
        Body of the target's gene, 0-based, half-open, base pairs.
    accessibility
        Share of the target's cells in which each peak is open, shape (d,).
    genome
        Build of peaks and gene; None where not known.
    strand
        ``"+"`` or ``"-"``; that of `gene` where None. Where neither is known the gene may start at
        either end.
    matching
        Sizes of groups, and number of random selections.
    seed
        Of the random selections.

    Raises
    ------
    XbenchError
        A source of another genome build, peaks without coordinates, or arguments that make no
        sense.

    Examples
    --------
    >>> from xbench.analysis.loops import Loops
    >>> starts = np.arange(60) * 10_000
    >>> peaks = Features([f"p{start}" for start in starts], ["chr1"] * 60, starts, starts + 500)
    >>> anchors = np.array([[30_000, 30_500]]), np.array([[300_000, 301_000]])
    >>> loops = Loops("loops.bedpe", np.array(["chr1"]), *anchors)
    >>> gene = Interval("chr1", 300_600, 310_000)
    >>> found = contact_enrichment(
    ...     loops, peaks, [3, 4], gene, np.full(60, 0.1), genome=None, strand="+"
    ... )
    >>> found.observed, found.n_compared, found.p_value < 0.2
    (0.5, 2, True)
    """
    matching = Matching() if matching is None else matching
    chosen = chosen_features(indices, len(features))
    require_shape("accessibility", np.shape(accessibility), (len(features),))
    source.require_build(genome)
    strand = strand or gene.strand or None
    promoter = possible_starts(gene, strand)
    cis = np.flatnonzero(np.isfinite(features.distance_to(gene)))
    start = ContactEnrichment(
        source=source.name,
        resolution=source.resolution,
        balanced=source.balanced,
        promoter="both ends" if strand is None else "TSS",
        n_selected=len(chosen),
        n_elsewhere=int((~np.isin(chosen, cis)).sum()),
    )
    if start.n_elsewhere == len(chosen):
        return replace(start, reason=f"no selected peak is on {gene.chrom}")
    if source.chromosome(gene.chrom) is None:
        # Its peaks are in no bin: missing, as those of a masked one.
        missing = len(chosen) - start.n_elsewhere
        reason = f"{source.name} has nothing on {gene.chrom}"
        return replace(start, n_missing=missing, reason=reason)
    peaks = _Peaks.of(source, features, cis, promoter, np.asarray(accessibility), chosen)
    return _compared(start, peaks, matching, seed)


@dataclass(frozen=True, eq=False)
class _Peaks:
    """Peaks of the gene's chromosome, or places that hold them; arrays of shape (m,).

    Parameters
    ----------
    selected
        How many selected peaks there are: 0 or 1 for a peak.
    distance
        Base pairs to the nearer place at which the gene may start.
    accessibility
        Share of cells in which a peak is open.
    contact, expected, unresolved, place
        See `xbench.analysis.contact_source.PeakContacts`.
    """

    selected: np.ndarray
    distance: np.ndarray
    accessibility: np.ndarray
    contact: np.ndarray
    expected: np.ndarray
    unresolved: np.ndarray
    place: np.ndarray

    @classmethod
    def of(
        cls,
        source: ContactSource,
        features: Features,
        cis: np.ndarray,
        promoter: tuple[Interval, ...],
        accessibility: np.ndarray,
        chosen: np.ndarray,
    ) -> "_Peaks":
        """Ask the source about the peaks `cis` of one chromosome."""
        assert features.start is not None
        assert features.end is not None
        distance = np.min([features.distance_to(place)[cis] for place in promoter], axis=0)
        found = source.contacts(promoter, features.start[cis], features.end[cis])
        return cls(
            np.isin(cis, chosen).astype(np.int64),
            distance,
            accessibility[cis],
            found.contact,
            found.expected,
            found.unresolved,
            found.place,
        )

    def at(self, kept: np.ndarray) -> "_Peaks":
        """Return some of the peaks."""
        return _Peaks(*(getattr(self, field.name)[kept] for field in fields(self)))

    def places(self) -> "_Peaks":
        """Return one row for all peaks of a place, with the means of what they differ in."""
        _, first, number, count = np.unique(
            self.place, return_index=True, return_inverse=True, return_counts=True
        )
        return replace(
            self.at(first),
            selected=np.bincount(number, self.selected).astype(np.int64),
            distance=np.bincount(number, self.distance) / count,
            accessibility=np.bincount(number, self.accessibility) / count,
        )


def _compared(
    start: ContactEnrichment, peaks: _Peaks, matching: Matching, seed: int
) -> ContactEnrichment:
    """Leave out what cannot be compared, count it, and compare the rest."""
    unresolved = peaks.unresolved
    missing = ~unresolved & np.isnan(peaks.contact)
    beyond = ~unresolved & ~missing & (peaks.expected <= 0)
    usable = ~(unresolved | missing | beyond)
    counted = replace(
        start,
        n_unresolved=int(peaks.selected[unresolved].sum()),
        n_missing=int(peaks.selected[missing].sum()),
        n_beyond=int(peaks.selected[beyond].sum()),
    )
    places = peaks.at(usable).places()
    selected = places.selected > 0
    stratum = strata(places.distance, places.accessibility, matching)
    # Groups that hold both.
    matched = np.isin(stratum, np.intersect1d(stratum[selected], stratum[~selected]))
    counted = replace(
        counted,
        n_unmatched=int(places.selected[~matched].sum()),
        n_compared=int(places.selected[matched].sum()),
        n_places=int((selected & matched).sum()),
        n_controls=int((~selected & matched).sum()),
    )
    if not counted.n_compared:
        return replace(counted, reason="no selected peak is left to compare: see the numbers")
    return _tested(counted, places.at(matched), stratum[matched], matching.draws, seed)


def _tested(
    counted: ContactEnrichment, places: _Peaks, stratum: np.ndarray, draws: int, seed: int
) -> ContactEnrichment:
    selected = places.selected > 0
    excess = (places.contact - places.expected) / np.sqrt(places.expected)
    drawn = drawn_sums(excess, stratum, selected, draws, np.random.default_rng(seed))
    own = excess[selected].sum()
    # The same numbers in another order may differ by rounding: they are as much too.
    at_least = int((drawn >= own - 1e-9 * max(1.0, abs(own))).sum())
    observed = float(places.contact[selected].mean())
    by_distance = float(places.expected[selected].mean())
    expected = by_distance * _of_controls(places, stratum)
    return replace(
        counted,
        observed=observed,
        expected=expected,
        enrichment=observed / expected if expected > 0 else None,
        p_value=(1 + at_least) / (1 + draws),
        draws=draws,
        reason=None if expected > 0 else "no peak like the selected ones has any contact",
    )


def _of_controls(places: _Peaks, stratum: np.ndarray) -> float:
    """Contact of the controls relative to that by distance, weighted as the selected ones are."""
    selected, size = places.selected > 0, stratum.max() + 1
    there = np.maximum(np.bincount(stratum[~selected], minlength=size), 1)
    weight = (np.bincount(stratum[selected], minlength=size) / there)[stratum[~selected]]
    return float(weight @ places.contact[~selected] / (weight @ places.expected[~selected]))
