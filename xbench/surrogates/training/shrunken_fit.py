"""A gene's own peaks as a sum of effects, each drawn to what is known of peaks like it.

The most probable effects under a normal prior (a ridge regression whose penalty, and what it draws
to, depend on the pair), by Newton's method on the negative binomial likelihood of all training
cells. Each cell type has a rate of its own meanwhile, so that what differs between types is not
taken for an effect of a peak.
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from xbench.surrogates.training import noisy_or_fit
from xbench.surrogates.training.gene_columns import GeneColumns
from xbench.surrogates.training.open_pairs import squares
from xbench.surrogates.training.own_modules import Fitted, ModuleSettings, fit_beside
from xbench.surrogates.training.peak_prior import PeakPrior, TypeRates, TypeResiduals

# Peaks of a gene that are fitted together: those that may add most, one at a time. More would take
# cubes of their number, and hold what the prior says is near nothing.
MOST_PEAKS = 128
# What a peak has to add to be kept, and a prior's variance below which its mean stands.
NEGLIGIBLE, CERTAIN = 1e-3, 1e-8
# Precision of a type's log rate about the one that was counted.
TYPE_PRECISION = 4.0
NEWTON_ROUNDS, SHORTENINGS, LARGEST_STEP, SMALLEST_GAIN = 8, 6, 2.0, 1e-3


class NearPeaks(NamedTuple):
    """Peaks near a gene.

    Parameters
    ----------
    peaks
        Positions, ascending.
    kind
        See `TypeRates.kinds`.
    """

    peaks: np.ndarray
    kind: np.ndarray


class Effects(NamedTuple):
    """The most probable effects: of peaks, shape (peaks,), and on types' log rates, (types,)."""

    peaks: np.ndarray
    types: np.ndarray


def fit_shrunken(
    gene: int,
    near: NearPeaks,
    training: GeneColumns,
    validation: GeneColumns,
    rates: TypeRates,
    prior: PeakPrior,
    settings: ModuleSettings,
) -> Fitted:
    """Fit one gene's own peaks within types, then the network's share beside them.

    Parameters
    ----------
    gene, near
        A gene, and the peaks near it.
    training, validation
        Cells fitted to, and those that say how well.
    rates, prior
        Of all genes.
    settings
        See `ModuleSettings`; of modules, which are empty, only the number counts.
    """
    about = TypeResiduals.of(gene, training, rates)
    peaks, kind = _likely(near, training, about, prior)
    opened = training.opened[:, peaks].astype(np.float64)
    found = effects(
        opened,
        training.observed(gene).astype(np.float64),
        np.log(rates.rate[rates.types, gene]) + np.log(training.exposure.astype(np.float64)),
        rates.types,
        settings.size if settings.poisson else about.size,
        prior.mean[kind],
        prior.variance[kind],
    ).peaks
    kept = np.abs(found) > NEGLIGIBLE
    peaks, found = peaks[kept], found[kept]
    return fit_beside(gene, peaks, found, training, validation, settings)


def _likely(
    near: NearPeaks, cells: GeneColumns, about: TypeResiduals, prior: PeakPrior
) -> NearPeaks:
    """Keep the peaks that may add most, each by the most probable effect it would have alone."""
    if len(near.peaks) <= MOST_PEAKS:
        return near
    opened = cells.opened[:, near.peaks].astype(np.float64)
    score, information = (opened.T @ np.stack([about.left, about.spread], axis=1)).T
    usual, variance = prior.mean[near.kind], prior.variance[near.kind]
    alone = usual + variance * (score - information * usual) / (1 + variance * information)
    adds = np.abs(alone) * np.sqrt(information)
    kept = np.sort(np.argsort(-adds, kind="stable")[:MOST_PEAKS])
    return NearPeaks(near.peaks[kept], near.kind[kept])


def effects(
    opened: sp.csc_matrix,
    counts: np.ndarray,
    offset: np.ndarray,
    types: np.ndarray,
    size: float,
    mean: np.ndarray,
    variance: np.ndarray,
) -> Effects:
    """Return the most probable effects u of peaks on a gene's log rate.

    The log rate of a cell is ``offset + a_type + sum_j u_j x_j``.

    Parameters
    ----------
    opened
        Zeros and ones, shape (n, peaks).
    counts, offset
        Shape (n,); the offset holds the log exposure.
    types
        Number of each cell's type, shape (n,).
    size
        Of the negative binomial.
    mean, variance
        Of each effect's normal prior, shape (peaks,); where the variance is 0 the mean stands.

    Examples
    --------
    >>> opened = sp.csc_matrix([[1.0], [1.0], [0.0], [0.0]])
    >>> counts, nothing = np.array([4.0, 4.0, 1.0, 1.0]), np.zeros(4)
    >>> types = np.zeros(4, dtype=int)
    >>> loose = effects(opened, counts, nothing, types, 1e6, np.zeros(1), np.full(1, 1e6))
    >>> float(loose.peaks[0] + loose.types[0]) > 1.3, float(loose.peaks[0]) > 1.0
    (True, True)
    >>> effects(opened, counts, nothing, types, 1e6, np.ones(1), np.zeros(1)).peaks.tolist()
    [1.0]
    """
    free = np.flatnonzero(variance > CERTAIN)
    n_types = int(types.max()) + 1
    each = sp.csr_matrix(
        (np.ones(len(types)), (types, np.arange(len(types)))), (n_types, len(types))
    )
    loose = opened[:, free]
    by_cell, precision = sp.csr_matrix(loose), 1.0 / variance[free]
    by_cell.sort_indices()
    settled = offset + opened @ mean
    found, shifts = np.zeros(len(free)), np.zeros(n_types)

    def state(found: np.ndarray, shifts: np.ndarray) -> tuple[float, np.ndarray]:
        rate = (settled + shifts[types] + by_cell @ found).clip(
            noisy_or_fit.LOWEST_RATE, noisy_or_fit.HIGHEST_RATE
        )
        expected = np.exp(rate)
        loss = ((counts + size) * np.log1p(expected / size) - counts * rate).sum()
        penalty = (precision * found**2).sum() + TYPE_PRECISION * (shifts**2).sum()
        return float(loss + 0.5 * penalty), expected

    value, expected = state(found, shifts)
    for _ in range(NEWTON_ROUNDS):
        damped = 1.0 + expected / size
        left, spread = (expected - counts) / damped, expected / damped
        gradient = np.concatenate(
            [loose.T @ left + precision * found, each @ left + TYPE_PRECISION * shifts]
        )
        weighted = by_cell.copy()
        weighted.data *= np.repeat(spread, np.diff(by_cell.indptr))
        shared = (each @ weighted).toarray()
        curvature = np.block(
            [
                [squares(by_cell, spread) + np.diag(precision), shared.T],
                [shared, np.diag(each @ spread + TYPE_PRECISION)],
            ]
        )
        step = noisy_or_fit.solved_step(curvature, gradient, LARGEST_STEP)
        for shortening in range(SHORTENINGS):
            shorter = step / 3.0**shortening
            tried = found - shorter[: len(free)], shifts - shorter[len(free) :]
            after, expected_after = state(*tried)
            if after < value:
                break
        else:
            break
        gain, (found, shifts), value, expected = value - after, tried, after, expected_after
        if gain < SMALLEST_GAIN:
            break
    all_effects = mean.copy()
    all_effects[free] += found
    return Effects(all_effects, shifts)
