"""Contacts of one selection by the map of the target's cell type and by maps of others."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from xbench.analysis.contact_source import ContactSource
from xbench.analysis.contacts import ContactEnrichment, contact_enrichment
from xbench.analysis.matched_draws import Matching
from xbench.data.features import Features, Interval
from xbench.errors import XbenchError, unknown_name
from xbench.mask.population import Subset


@dataclass(frozen=True)
class MapComparison:
    """Enrichment of one selection's contacts by several maps.

    Parameters
    ----------
    matched
        Name of the map of the target's own cell type.
    by_map
        Enrichment by each map.
    mismatched_enrichment
        Mean over the other maps that have one; None where none has.
    ratio
        Of the matched map's enrichment to that mean; None where either is absent or the mean is 0.
    """

    matched: str
    by_map: dict[str, ContactEnrichment]
    mismatched_enrichment: float | None
    ratio: float | None


def compare_maps(
    sources: Mapping[str, ContactSource],
    matched: str,
    features: Features,
    indices: Subset,
    gene: Interval,
    accessibility: np.ndarray,
    *,
    genome: str | None,
    strand: str | None = None,
    matching: Matching | None = None,
    seed: int = 0,
) -> MapComparison:
    """Ask whether contacts are of the target's cell type, by maps of it and of others.

    Parameters
    ----------
    sources
        Maps by the name of their cell type, two at least.
    matched
        Name of the map of the target's cell type.
    features, indices, gene, accessibility, genome, strand, matching, seed
        See `contact_enrichment`.

    Raises
    ------
    XbenchError
        No map of that name, or no other one.

    Examples
    --------
    >>> nothing = (Features(["a"]), [0], Interval("chr1", 0, 9), np.ones(1))
    >>> compare_maps({}, "Micro", *nothing, genome=None)
    Traceback (most recent call last):
    xbench.errors.XbenchError: contact maps: give two at least, one of them of another cell type
    """
    if len(sources) < 2:
        raise XbenchError("contact maps: give two at least, one of them of another cell type")
    if matched not in sources:
        raise unknown_name("map", matched, sources, "contact maps")
    by_map = {
        name: contact_enrichment(
            source,
            features,
            indices,
            gene,
            accessibility,
            genome=genome,
            strand=strand,
            matching=matching,
            seed=seed,
        )
        for name, source in sources.items()
    }
    others = [found.enrichment for name, found in by_map.items() if name != matched]
    known = [enrichment for enrichment in others if enrichment is not None]
    mean = float(np.mean(known)) if known else None
    own = by_map[matched].enrichment
    ratio = own / mean if own is not None and mean else None
    return MapComparison(matched, by_map, mean, ratio)
