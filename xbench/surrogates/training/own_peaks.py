"""Which peaks may regulate a gene in cis: near it, and telling something about it."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from xbench.data.features import Features


class OwnPeaks(NamedTuple):
    """Peaks that may regulate one gene.

    Parameters
    ----------
    peak
        Positions, ascending, shape (peaks,).
    score
        Above 0 where a peak is open when the gene is expressed, else below, shape (peaks,).
    """

    peak: np.ndarray
    score: np.ndarray


def peaks_near_genes(peaks: Features, genes: Features, window: float) -> list[np.ndarray]:
    """Return, for each gene, the peaks at most `window` base pairs from its body, ascending.

    Genes without a known place have none.

    Examples
    --------
    >>> peaks = Features(["a", "b", "c"], ["chr1"] * 3, [0, 900, 9000], [10, 910, 9010])
    >>> genes = Features(["g", "h"], ["chr1", ""], [1000, -1], [1200, -1])
    >>> [near.tolist() for near in peaks_near_genes(peaks, genes, 100)]
    [[1], []]
    """
    of_gene: list[np.ndarray] = []
    # Distances on a gene's own chromosome only: a comparison with all peaks is 40 times as much.
    of_chrom: dict[str, tuple[np.ndarray, Features]] = {}
    if peaks.chrom is not None and peaks.start is not None and peaks.end is not None:
        for chrom in np.unique(peaks.chrom):
            own = np.flatnonzero(peaks.chrom == chrom)
            parts = (peaks.names[own], peaks.chrom[own], peaks.start[own], peaks.end[own])
            of_chrom[str(chrom)] = (own, Features(*parts))
    for number in range(len(genes)):
        place = genes.interval(number)
        near = np.zeros(0, dtype=np.int64)
        if place is not None and place.chrom in of_chrom:
            own, there = of_chrom[place.chrom]
            near = own[there.distance_to(place) <= window]
        of_gene.append(near)
    return of_gene


def score_tests(
    opened: sp.csc_matrix,
    counts: np.ndarray,
    exposure: np.ndarray,
    groups: np.ndarray,
    size: float,
) -> np.ndarray:
    """Return z of the score test of each peak: whether it would explain more than a rate a group.

    ``sum x u / sqrt(sum x^2 v)`` over cells, where ``u = (count - m) / (1 + m / size)`` is the
    derivative of the negative binomial's loss by the log rate at the group's rate m, with its sign
    turned, and ``v = m / (1 + m / size)`` its variance. v is the model's, not the square of u:
    where a gene is expressed in a rare type, the squares are large in the very cells in which its
    peaks are open, and every peak that is open elsewhere would come first.

    Parameters
    ----------
    opened
        Shape (n, peaks), zeros and ones.
    counts, exposure
        Shape (n,); the expected count is the rate times the exposure.
    groups
        Number of each cell's group, from 0, shape (n,).
    size
        Of the negative binomial.

    Returns
    -------
    ndarray
        Shape (peaks,); 0 where a peak is never open.
    """
    rates = np.bincount(groups, counts) / np.maximum(np.bincount(groups, exposure), 1e-12)
    expected = rates[groups] * exposure
    damped = 1.0 + expected / size
    both = np.stack([(counts - expected) / damped, expected / damped], axis=1)
    total, spread = (opened.T @ both).T
    return np.asarray(total / np.sqrt(np.where(spread > 0, spread, 1.0)))


def strongest(rankings: list[np.ndarray], each: int) -> np.ndarray:
    """Keep the best `each` of every ranking: no ranking takes from another.

    Parameters
    ----------
    rankings
        Scores, each of shape (P,), whose absolute value counts; ties go to the first.
    each
        How many a ranking keeps beyond those kept by the rankings before it.

    Returns
    -------
    ndarray
        Shape (P,), the score of what is kept in the ranking that kept it, else 0.

    Examples
    --------
    >>> strongest([np.array([3.0, -4.0, 1.0]), np.array([9.0, 8.0, 0.5])], 1).tolist()
    [9.0, -4.0, 0.0]
    """
    kept = np.zeros(len(rankings[0]))
    for scores in rankings:
        strength = np.where(kept != 0, 0.0, np.abs(scores))
        best = np.argsort(-strength, kind="stable")[:each]
        best = best[strength[best] > 0]
        kept[best] = scores[best]
    return kept


def own_peaks(
    near: np.ndarray,
    opened: sp.csc_matrix,
    counts: np.ndarray,
    exposure: np.ndarray,
    types: np.ndarray,
    each: int,
    size: float,
) -> OwnPeaks:
    """Return the peaks near a gene that two score tests point to.

    The first test compares with a rate for each cell type: what is open in the cells of a type that
    express the gene more. The second compares with one rate for all cells: what is open where the
    gene is expressed. Each keeps `each` peaks, whatever the other keeps.

    Parameters
    ----------
    near
        Positions of P peaks, ascending.
    opened
        Their columns, shape (n, P).
    counts, exposure, size
        See `score_tests`.
    types
        Number of each cell's type, from 0, shape (n,).
    each
        Peaks a test keeps.
    """
    overall = np.zeros_like(types)
    rankings = [score_tests(opened, counts, exposure, groups, size) for groups in (types, overall)]
    kept = strongest(rankings, each)
    chosen = np.flatnonzero(kept)
    return OwnPeaks(near[chosen], kept[chosen])
