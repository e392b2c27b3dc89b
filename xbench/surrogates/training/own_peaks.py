"""Which peaks may regulate a gene in cis: near it, and telling something about it."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from xbench.data.features import Features


class OwnPeaks(NamedTuple):
    """Pairs of a gene and a peak, sorted by gene, then peak; both int64, shape (pairs,)."""

    gene: np.ndarray
    peak: np.ndarray

    def chosen(self, kept: np.ndarray) -> OwnPeaks:
        """Return the pairs that `kept`, shape (pairs,), is true for."""
        return OwnPeaks(self.gene[kept], self.peak[kept])


def peaks_near_genes(peaks: Features, genes: Features, window: float) -> OwnPeaks:
    """Return all pairs of a gene and a peak at most `window` base pairs from its body.

    Genes without a known place have none.

    Examples
    --------
    >>> peaks = Features(["a", "b", "c"], ["chr1"] * 3, [0, 900, 9000], [10, 910, 9010])
    >>> genes = Features(["g", "h"], ["chr1", ""], [1000, -1], [1200, -1])
    >>> peaks_near_genes(peaks, genes, 100).peak.tolist()
    [1]
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
    sizes = [len(near) for near in of_gene]
    empty = np.zeros(0, dtype=np.int64)
    return OwnPeaks(np.repeat(np.arange(len(genes)), sizes), np.concatenate([empty, *of_gene]))


def score_tests(
    pairs: OwnPeaks, opened: sp.csc_matrix, residuals: np.ndarray, variances: np.ndarray
) -> np.ndarray:
    """Return z of the score test of each pair, whether a peak would explain more.

    ``sum x u / sqrt(sum x^2 v)`` over cells, u being the residual of a cell and v its variance if
    the peak says nothing. v is the model's, not the square of u: where a gene is expressed in a
    rare type, the squares are large in the very cells in which its peaks are open, and every peak
    that is open elsewhere would come first. One multiply-add for each open peak of a pair.

    Parameters
    ----------
    pairs
        P pairs.
    opened
        Shape (n, peaks), zeros and ones.
    residuals
        Derivative of the loss by the log rate with its sign turned, shape (n, genes).
    variances
        Its variance, shape (n, genes).

    Returns
    -------
    ndarray
        Shape (P,); 0 where a peak is never open.
    """
    scores = np.zeros(len(pairs.gene))
    edges = np.searchsorted(pairs.gene, np.arange(residuals.shape[1] + 1))
    for gene, (start, stop) in enumerate(pairwise(edges)):
        if start == stop:
            continue
        both = np.stack([residuals[:, gene], variances[:, gene]], axis=1).astype(np.float64)
        total, spread = (opened[:, pairs.peak[start:stop]].T @ both).T
        scores[start:stop] = total / np.sqrt(np.where(spread > 0, spread, 1.0))
    return scores


def strongest(pairs: OwnPeaks, rankings: list[np.ndarray], each: int) -> np.ndarray:
    """Keep, for each gene, the best `each` pairs of every ranking: no ranking takes from another.

    Parameters
    ----------
    pairs
        P pairs.
    rankings
        Scores, each of shape (P,), whose absolute value counts.
    each
        Pairs of a gene that a ranking keeps, beyond those kept by the rankings before it.

    Returns
    -------
    ndarray
        Boolean, shape (P,).

    Examples
    --------
    >>> pairs = OwnPeaks(np.array([0, 0, 0, 1]), np.array([3, 4, 5, 3]))
    >>> strongest(pairs, [np.array([3.0, -4.0, 1.0, 0.1])], 2).tolist()
    [True, True, False, True]
    """
    kept = np.zeros(len(pairs.gene), dtype=bool)
    for scores in rankings:
        strength = np.where(kept, -1.0, np.abs(scores))
        order = np.lexsort((pairs.peak, -strength, pairs.gene))
        first = np.searchsorted(pairs.gene, pairs.gene)
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        kept |= (rank - first < each) & (strength >= 0)
    return kept
