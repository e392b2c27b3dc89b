"""What is known of a peak's effect on a gene before that gene's own counts are asked.

Where counts are few, a gene's cells alone do not tell which of a hundred peaks near it matter. All
genes together tell how large effects are, on average and in spread, by two things that can be seen
of any pair: how far the peak lies from where the gene starts, and whether it opens in the cell
types that express the gene. Both are learned by moments from training cells (empirical Bayes; the
spread as LD score regression does, Bulik-Sullivan et al. 2015), with no truth and no database.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from scipy.optimize import nnls

from xbench.surrogates.training.batches import dispersion_size
from xbench.surrogates.training.gene_columns import GeneColumns
from xbench.surrogates.training.open_pairs import squares

# Where kinds of pairs part: base pairs from the gene's start; concordance.
DISTANCES = (1e3, 5e3, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 3e6)
CONCORDANCES = (-0.5, 0.0, 0.5, 1.0)
N_KINDS = (len(DISTANCES) + 1) * (len(CONCORDANCES) + 1)
# Open cells' worth by which a concordance is drawn to 0: of few open cells it says little.
FEW_CELLS = 5.0
# Exposure that a type's rate is mixed with the rate over all types for.
FEW_EXPOSURE = 1.0
# Score tests of peaks with less information than this tell nothing of spread.
LEAST_INFORMATION = 0.5
# Squared z above which a test counts no more: a few genes with much of one peak must not decide.
LARGEST_SQUARE = 30.0
ROUNDS = 3
# Rows of a square of peaks that stay in the nearest cache while types are taken off.
ROWS_AT_ONCE = 32


class PeakPrior(NamedTuple):
    """Mean and variance of what an open peak adds to a gene's log rate.

    Parameters
    ----------
    mean, variance
        For each kind of pair (see `TypeRates.kinds`), shape (kinds,).
    """

    mean: np.ndarray
    variance: np.ndarray

    def scaled(self, mean: float, variance: float) -> "PeakPrior":
        """Return the same, multiplied."""
        return PeakPrior(self.mean * mean, self.variance * variance)


@dataclass(frozen=True)
class TypeRates:
    """Expression and accessibility of the training cells of each type.

    Parameters
    ----------
    rate
        Counts per 1e5, shape (types, genes), above 0 where a gene has any count.
    opened
        Cells of a type with a peak open, shape (types, d).
    types
        Number of each cell's type, shape (n,).
    """

    rate: np.ndarray
    opened: np.ndarray
    types: np.ndarray

    @classmethod
    def of(cls, cells: GeneColumns, types: np.ndarray) -> "TypeRates":
        """Count; a type's rate is drawn a little to that of all types."""
        n_cells, n_types = len(types), int(types.max()) + 1
        each = sp.csr_matrix((np.ones(n_cells), (types, np.arange(n_cells))), (n_types, n_cells))
        counts, exposure = (each @ cells.counts).toarray(), each @ cells.exposure
        overall = counts.sum(axis=0) / exposure.sum()
        rate = (counts + FEW_EXPOSURE * overall) / (exposure[:, None] + FEW_EXPOSURE)
        # Single precision counts cells exactly; for doubles all open peaks would be copied twice.
        opened = cells.opened.T @ each.T.toarray().astype(np.float32)
        return cls(np.maximum(rate, 1e-9), opened.T.astype(np.float64), types)

    @cached_property
    def _open_peaks(self) -> np.ndarray:
        return self.opened.sum(axis=1)

    def concordance(self, gene: int, peaks: np.ndarray) -> np.ndarray:
        """Return how strongly the types that have some peaks open express a gene, shape (peaks,).

        In standard deviations of the gene's log rate between types, each type weighted by its
        open peaks; 0 where types do not differ, or the peak is hardly ever open.
        """
        weights = self._open_peaks
        if not weights.any():
            return np.zeros(len(peaks))
        logs = np.log(self.rate[:, gene])
        deviation = logs - np.average(logs, weights=weights)
        spread = float(np.sqrt(np.average(deviation**2, weights=weights)))
        if spread < 1e-6:
            return np.zeros(len(peaks))
        opened = self.opened[:, peaks]
        return (opened.T @ (deviation / spread)) / (opened.sum(axis=0) + FEW_CELLS)

    def kinds(self, gene: int, peaks: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Return the kind of each pair of a gene and a peak: its distance and its concordance.

        Parameters
        ----------
        gene, peaks
            One gene, and positions of some peaks.
        distance
            Base pairs from the gene's start to each of them.
        """
        far = np.searchsorted(DISTANCES, distance, side="right")
        agreeing = np.searchsorted(CONCORDANCES, self.concordance(gene, peaks), side="right")
        return far * (len(CONCORDANCES) + 1) + agreeing


class GeneScores(NamedTuple):
    """What a gene's counts say of its peaks, near no effect and within cell types.

    Parameters
    ----------
    kind
        Of each peak, shape (peaks,).
    score
        Derivative of the log likelihood by each effect, shape (peaks,).
    information
        Its variance, and minus the expected second derivative, shape (peaks, peaks); types' own
        rates are taken as estimated.
    """

    kind: np.ndarray
    score: np.ndarray
    information: np.ndarray


class TypeResiduals(NamedTuple):
    """A gene's counts about the rates of the cells' types.

    Parameters
    ----------
    left
        Derivative of the log likelihood by each cell's log rate, shape (n,).
    spread
        Its variance, shape (n,).
    size
        Of the negative binomial, by moments.
    """

    left: np.ndarray
    spread: np.ndarray
    size: float

    @classmethod
    def of(cls, gene: int, cells: GeneColumns, rates: TypeRates) -> "TypeResiduals":
        """Compare one gene's counts with what its types' rates expect."""
        rate, observed = rates.rate[rates.types, gene], cells.observed(gene)
        mean = rate * cells.exposure
        size = float(dispersion_size((mean**2).sum(), ((observed - mean) ** 2 - mean).sum()))
        damped = 1.0 + mean / size
        return cls((observed - mean) / damped, mean / damped, size)


def gene_scores(
    gene: int, peaks: np.ndarray, kind: np.ndarray, cells: GeneColumns, rates: TypeRates
) -> GeneScores:
    """Return scores and information of some peaks for one gene.

    Parameters
    ----------
    gene, peaks, kind
        A gene, positions of peaks near it, and the kind of each.
    cells, rates
        Training cells.
    """
    left, spread, _ = TypeResiduals.of(gene, cells, rates)
    opened = cells.opened[:, peaks].astype(np.float64)
    score = opened.T @ left
    by_cell = opened.tocsr()
    # The last cell first, as the sums have always been taken: their last digits depend on it.
    information = squares(by_cell[::-1], spread[::-1])
    n_types = len(rates.rate)
    by_type = sp.csr_matrix((spread, (rates.types, np.arange(len(spread)))), (n_types, len(spread)))
    shared = (by_type @ opened).toarray()
    within = np.maximum(np.bincount(rates.types, spread, n_types), 1e-12)
    # Summed a type at a time: a BLAS's last digits depend on its number of threads.
    for start in range(0, len(information), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        for one, total in zip(shared, within, strict=True):
            information[rows] -= one[rows, None] * (one / total)
    return GeneScores(kind, score, information)


def learned_prior(genes: Iterable[GeneScores]) -> PeakPrior:
    """Learn mean and variance of each kind of pair from some genes.

    Means solve ``sum H' I H mean = sum H' U`` (U scores, I information, H which pair is of which
    kind): what one Poisson regression of all genes with one effect a kind would begin with.
    Variances are those for which ``r_j^2 / I_jj - 1 = sum_k I_jk^2 / I_jj variance_k`` on average,
    r what of U the means leave, by least squares of numbers not below 0.

    Parameters
    ----------
    genes
        Of as many genes as can be afforded; 200 give some 20,000 to 200,000 pairs.
    """
    normal, right = np.zeros((N_KINDS, N_KINDS)), np.zeros(N_KINDS)
    scores, summed, squared, information = [], [], [], []
    for gene in genes:
        if not len(gene.kind):
            continue
        by_kind = _by_kind(gene.information, gene.kind)
        normal += _by_kind(by_kind.T, gene.kind).T
        right += np.bincount(gene.kind, gene.score, N_KINDS)
        own = gene.information.diagonal()
        enough = own > LEAST_INFORMATION
        scores.append(gene.score[enough])
        summed.append(by_kind[enough])
        information.append(own[enough])
        square = gene.information[enough] ** 2 / own[enough][:, None]
        squared.append(_by_kind(square, gene.kind))
    seen = normal.diagonal() > 0
    mean = np.zeros(N_KINDS)
    # One unit of information draws a kind that hardly occurs to 0.
    mean[seen] = _solved(normal[np.ix_(seen, seen)] + np.eye(int(seen.sum())), right[seen])
    if not scores:
        return PeakPrior(mean, np.zeros(N_KINDS))
    left = np.concatenate(scores) - np.concatenate([_weighted(one, mean) for one in summed])
    # A row of numbers a pair, of some 100,000 pairs: freed before as many are made once more.
    summed.clear()
    excess = left**2 / np.concatenate(information) - 1.0
    excess = np.minimum(excess, LARGEST_SQUARE)
    return PeakPrior(mean, _variances(squared, excess))


def _variances(squared: list[np.ndarray], excess: np.ndarray) -> np.ndarray:
    """Weighted least squares, not below 0: an excess varies as the square of its own mean."""
    variance = np.zeros(N_KINDS)
    columns = sp.vstack([sp.csc_matrix(one) for one in squared], format="csc")
    for _ in range(ROUNDS):
        expected = np.concatenate([_weighted(one, variance) for one in squared])
        weight = 1.0 / (1.0 + expected) ** 2
        normal = (columns.T @ sp.diags_array(weight) @ columns).toarray()
        right = columns.T @ (weight * excess)
        ridge = 1e-6 * max(float(np.trace(normal)) / N_KINDS, 1e-9)
        factor = torch.linalg.cholesky(torch.from_numpy(normal + ridge * np.eye(N_KINDS)))
        target = torch.linalg.solve_triangular(
            factor, torch.from_numpy(right)[:, None], upper=False
        )
        variance = nnls(factor.T.numpy(), target[:, 0].numpy())[0]
    return variance


def _by_kind(matrix: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Sum columns of the same kind, shape (rows, kinds)."""
    summed = np.zeros((len(matrix), N_KINDS))
    order = np.argsort(kind, kind="stable")
    found, first = np.unique(kind[order], return_index=True)
    if len(found):
        summed[:, found] = np.add.reduceat(matrix[:, order], first, axis=1)
    return summed


def _weighted(matrix: np.ndarray, weights: np.ndarray) -> np.ndarray:
    # Not by a BLAS, whose last digits depend on its number of threads.
    return np.einsum("ij,j->i", matrix, weights)


def _solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    # By torch, whose number of threads training fixes.
    return torch.linalg.solve(torch.from_numpy(matrix), torch.from_numpy(right)).numpy()
