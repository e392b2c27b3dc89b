"""A gene's own peaks as modules of peaks that stand in for each other: candidates, then a fit."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from xbench.surrogates.training import noisy_or_fit
from xbench.surrogates.training.gene_columns import GeneColumns, OwnPart
from xbench.surrogates.training.own_peaks import OwnPeaks, own_peaks

# Steps of the fit without own peaks, which has two parameters.
ROUNDS_WITHOUT = 4
# What a peak has to move the log rate by, alone, to be kept.
NEGLIGIBLE = 1e-3

# A gene's own peaks, and the log likelihood of each validation cell under them, shape (n,).
Fitted = tuple[OwnPart, np.ndarray]


class ModuleSettings(NamedTuple):
    """Settings of `CisTraining` that modules heed.

    Parameters
    ----------
    tests, modules, sparsity, rounds
        See `CisTraining`.
    poisson
        Whether counts are Poisson's.
    size
        Of the negative binomial that a gene begins with; unlimited for Poisson's.
    """

    tests: int
    modules: int
    sparsity: float
    rounds: int
    poisson: bool
    size: float


def fit_without(
    gene: int, training: GeneColumns, validation: GeneColumns, settings: ModuleSettings
) -> Fitted:
    """Fit the network's intercept and factor alone."""
    none = np.zeros(0)
    return fit_beside(gene, none.astype(int), none, training, validation, settings)


def fit_beside(
    gene: int,
    peaks: np.ndarray,
    additive: np.ndarray,
    training: GeneColumns,
    validation: GeneColumns,
    settings: ModuleSettings,
) -> Fitted:
    """Fit the network's intercept and factor beside peaks whose effects are settled.

    Parameters
    ----------
    gene
        A gene.
    peaks, additive
        Positions of its own peaks, and what each adds to the log rate, shape (peaks,).
    training, validation
        Cells fitted to, and those that say how well.
    settings
        See `ModuleSettings`; of modules, which are empty, only the number counts.
    """
    level = training.level(gene)
    seen, unseen = (one.beside(gene, level, peaks, additive) for one in (training, validation))
    start = _start(0, 0, settings, level, np.random.default_rng(0))
    penalties = noisy_or_fit.Penalties(0.0, poisson=settings.poisson)
    fit = noisy_or_fit.fitted(seen, start, penalties, ROUNDS_WITHOUT)
    member = np.full((len(peaks), settings.modules), 2 * noisy_or_fit.LOWEST)
    part = OwnPart(peaks, member, additive, fit.effect, fit.network, fit.size, level)
    return part, noisy_or_fit.log_likelihoods(unseen, fit)


def fit_modules(
    gene: int,
    near: np.ndarray,
    training: GeneColumns,
    validation: GeneColumns,
    types: np.ndarray,
    settings: ModuleSettings,
    generator: np.random.Generator,
) -> Fitted:
    """Fit one gene with its own peaks and without; keep what the validation cells are likelier by.

    Parameters
    ----------
    gene, near
        A gene and the peaks near it.
    training, validation
        Cells fitted to, and those that decide.
    types
        Number of each training cell's type.
    settings
        See `ModuleSettings`.
    generator
        Draws where the fit begins.

    Returns
    -------
    tuple of OwnPart, ndarray
        See `likelier`.
    """
    own = own_peaks(
        near,
        training.opened[:, near],
        training.observed(gene),
        training.exposure,
        types,
        settings.tests,
        settings.size,
    )
    without = fit_without(gene, training, validation, settings)
    if not len(own.peak):
        return without
    level, lowering = without[0].level, own.score < 0
    counts = (int((~lowering).sum()), int(lowering.sum()))
    penalties = noisy_or_fit.Penalties(
        settings.sparsity * len(training.exposure), poisson=settings.poisson
    )
    start = _start(*counts, settings, level, generator)
    seen, unseen = (_cells(one, gene, own, level) for one in (training, validation))
    fit = noisy_or_fit.fitted(seen, start, penalties, settings.rounds)
    return likelier(without, (_kept(own, fit, level), noisy_or_fit.log_likelihoods(unseen, fit)))


def likelier(first: Fitted, second: Fitted) -> Fitted:
    """Keep the second fit of a gene where all validation cells together are likelier under it.

    Returns
    -------
    tuple of OwnPart, ndarray
        The log likelihood of each validation cell is the one as the other half of them would have
        chosen: those that a choice was made by flatter it.
    """
    gained = second[1] - first[1]
    chosen = first[1] + gained * chosen_by_others(gained)
    return (second if gained.sum() > 0 else first)[0], chosen


def chosen_by_others(gained: np.ndarray) -> np.ndarray:
    """Return for each cell whether the cells of the other half, together, gain.

    Halves are every other cell. A cell without others is not chosen for.

    Examples
    --------
    >>> chosen_by_others(np.array([5.0, -1.0, 2.0, -1.0])).tolist()
    [False, True, False, True]
    """
    chosen = np.zeros(len(gained), dtype=bool)
    for half in (0, 1):
        chosen[half::2] = gained[1 - half :: 2].sum() > 0
    return chosen


def _start(
    n_raising: int,
    n_lowering: int,
    settings: ModuleSettings,
    level: float,
    generator: np.random.Generator,
) -> noisy_or_fit.GeneFit:
    return noisy_or_fit.random_start(
        n_raising, n_lowering, settings.modules, level, settings.size, generator
    )


def _cells(columns: GeneColumns, gene: int, own: OwnPeaks, level: float) -> noisy_or_fit.GeneCells:
    opened = columns.opened[:, own.peak].astype(np.float32)
    return noisy_or_fit.GeneCells(
        sp.csr_matrix(opened[:, own.score > 0]),
        sp.csr_matrix(opened[:, own.score < 0]),
        columns.observed(gene),
        columns.exposure,
        columns.network[gene] - level,
    )


def _kept(own: OwnPeaks, fit: noisy_or_fit.GeneFit, level: float) -> OwnPart:
    """Return raising peaks, then lowering ones, that are not negligible."""
    lowering = own.score < 0
    raised = -np.expm1(-noisy_or_fit.softplus(fit.member)) @ noisy_or_fit.softplus(fit.effect)
    taken = noisy_or_fit.softplus(fit.lowering)
    raising, lowered = raised > NEGLIGIBLE, taken > NEGLIGIBLE
    none = np.full((int(lowered.sum()), fit.member.shape[1]), 2 * noisy_or_fit.LOWEST)
    return OwnPart(
        np.concatenate([own.peak[~lowering][raising], own.peak[lowering][lowered]]),
        # A module without a peak adds nothing.
        np.concatenate([fit.member[raising], none]),
        np.concatenate([np.zeros(int(raising.sum())), -taken[lowered]]),
        fit.effect,
        fit.network,
        fit.size,
        level,
    )
