"""The own peaks of one gene, fitted to all cells at once.

Steps on batches of cells learn what is common. What tells which of a gene's peaks stand in for each
other is in a few cells of one type, of which a batch holds a handful: there all cells are needed at
once, and curvature.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from scipy.special import expit, gammaln

from xbench.surrogates.training.batches import LARGEST_SIZE, dispersion_size
from xbench.surrogates.training.open_pairs import products_through

# Bounds of what softplus is taken of: beyond them a weight is 0 or at its largest.
LOWEST, HIGHEST = -9.0, 4.0
LARGEST_STEP = 1.5
# What is lost of the loss's sum by ending the steps there.
SMALLEST_GAIN = 1e-2
TRIES = 6
# Bounds of a log rate: beyond them exp() tells nothing of counts.
LOWEST_RATE, HIGHEST_RATE = -20.0, 14.0


class GeneFit(NamedTuple):
    """Parameters of one gene.

    Parameters
    ----------
    member
        Of the modules' weights w, before softplus, shape (raising peaks, modules).
    effect
        Of the modules' effects a, before softplus, shape (modules,).
    lowering
        Of what each repressing peak takes off, before softplus, shape (lowering peaks,).
    network
        Intercept, and by how much the network's part is multiplied, shape (2,).
    size
        Of the negative binomial.
    """

    member: np.ndarray
    effect: np.ndarray
    lowering: np.ndarray
    network: np.ndarray
    size: float


@dataclass(frozen=True)
class GeneCells:
    """What one gene's fit is about: some cells; all of one type, float32 or float64.

    float32 halves what passes through memory; sums over cells are as good as steps need.

    Parameters
    ----------
    raising, lowering
        Which candidates are open: those that may raise the gene and those that may lower it, CSR,
        shapes (n, A) and (n, R).
    counts, exposure
        Shape (n,); see `Counts`.
    network
        Log rate that the network of all peaks says, shape (n,), its mean over the training cells
        taken off.
    settled
        What is added to the log rate as it is, shape (n,).
    """

    raising: sp.csr_matrix
    lowering: sp.csr_matrix
    counts: np.ndarray
    exposure: np.ndarray
    network: np.ndarray
    settled: np.ndarray | float = 0.0


@dataclass(frozen=True)
class Penalties:
    """What a fit is charged, in units of the loss summed over cells.

    Parameters
    ----------
    sparsity
        Times the sum of w and of what repressing peaks take off.
    network
        Times half the squared distance of the network's factor from 1.
    poisson
        Whether the size stays unlimited.
    """

    sparsity: float
    network: float = 1.0
    poisson: bool = False


class _State(NamedTuple):
    fit: GeneFit
    closed: np.ndarray
    expected: np.ndarray
    value: float


def fitted(cells: GeneCells, start: GeneFit, penalties: Penalties, rounds: int) -> GeneFit:
    """Lower the penalised loss of a gene by Levenberg and Marquardt's method.

    The log rate of a cell is ``b + c network + sum_s a_s (1 - exp(-sum_j w_sj x_j)) - sum_r v_r
    x_r``. The curvature is Gauss and Newton's (the expected information of the counts); a step that
    does not lower the loss is tried again shorter. The size of the negative binomial is a moment
    estimate, made again every third round.

    Parameters
    ----------
    cells
        Those fitted to.
    start
        Where to begin.
    penalties
        See `Penalties`.
    rounds
        Most steps.

    Returns
    -------
    GeneFit
        The last state; it depends on nothing but the arguments.
    """
    both = sp.csr_matrix(sp.hstack([cells.raising, cells.lowering], format="csr"))
    both.sort_indices()
    state, damping = _state(cells, start, penalties), 0.3
    for number in range(rounds):
        if not penalties.poisson and number % 3 == 1:
            state = _state(cells, state.fit._replace(size=_size(cells, state)), penalties)
        gradient, curvature = _derivatives(cells, both, state, penalties)
        found, damping = _step(cells, state, penalties, gradient, curvature, damping)
        if found is None:
            break
        gain, state = state.value - found.value, found
        if gain < SMALLEST_GAIN and number > 3:
            break
    return state.fit


def log_likelihoods(cells: GeneCells, fit: GeneFit) -> np.ndarray:
    """Return the log of the chance of each cell's count under a fit, shape (n,)."""
    rate = _log_rate(cells, fit)[0].astype(np.float64)
    expected, counts, size = np.exp(rate) * cells.exposure, cells.counts, fit.size
    terms = gammaln(counts + size) - gammaln(size) - gammaln(counts + 1)
    # The rate, with its offset, is expected: what does not depend on it is written out as well.
    terms += counts * np.log(np.maximum(expected, 1e-300) / size)
    return np.asarray(terms - (counts + size) * np.log1p(expected / size))


def softplus(values: np.ndarray) -> np.ndarray:
    """Return log(1 + exp(values))."""
    return np.logaddexp(0.0, values)


def _log_rate(cells: GeneCells, fit: GeneFit) -> tuple[np.ndarray, np.ndarray]:
    """Log rate, shape (n,), and exp(-sum of w) of each module, shape (modules, n)."""
    dtype = cells.counts.dtype
    closed = np.ascontiguousarray((cells.raising @ -softplus(fit.member).astype(dtype)).T)
    np.exp(closed, out=closed)
    intercept, factor = fit.network.tolist()
    rate = intercept + factor * cells.network + cells.settled
    for effect, module in zip(softplus(fit.effect).tolist(), closed, strict=True):
        rate += effect * (1 - module)
    rate -= cells.lowering @ softplus(fit.lowering).astype(dtype)
    return rate.clip(LOWEST_RATE, HIGHEST_RATE), closed


def _state(cells: GeneCells, fit: GeneFit, penalties: Penalties) -> _State:
    rate, closed = _log_rate(cells, fit)
    expected = np.exp(rate) * cells.exposure
    loss = (cells.counts + fit.size) * np.log1p(expected / fit.size) - cells.counts * rate
    weights = softplus(fit.member).sum() + softplus(fit.lowering).sum()
    value = float(loss.sum(dtype=np.float64) + penalties.sparsity * weights)
    value += 0.5 * penalties.network * float(fit.network[1] - 1.0) ** 2
    return _State(fit, closed, expected, value)


def _size(cells: GeneCells, state: _State) -> float:
    mean = state.expected.astype(np.float64)
    excess = ((cells.counts - mean) ** 2 - mean).sum()
    return float(dispersion_size((mean**2).sum(), excess))


def _derivatives(
    cells: GeneCells,
    both: sp.csr_matrix,
    state: _State,
    penalties: Penalties,
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Gauss-Newton curvature by (member by module, lowering, effect, network)."""
    fit, mean = state.fit, state.expected
    n_raising, n_modules = fit.member.shape
    n_lowering, n_peaks = len(fit.lowering), both.shape[1]
    damped = 1.0 + mean / fit.size
    left, curved = (mean - cells.counts) / damped, mean / damped
    # By how much a peak's sum moves the log rate: through each module, and as a repressor. Cells
    # are the last dimension, along which NumPy is fast, and no sum over them is left to a BLAS,
    # whose last digits depend on its number of threads.
    through = np.empty((n_modules + 1, len(mean)), dtype=mean.dtype)
    through[:n_modules] = softplus(fit.effect).astype(mean.dtype)[:, None] * state.closed
    through[n_modules] = -1.0
    other = np.stack([*(1 - state.closed), np.ones_like(mean), cells.network])
    weighted = other * curved
    slopes, own, crossed = _of_peaks(both, through, curved, weighted, left)
    # Of all ways of all peaks, those that are parameters.
    exists = np.zeros((len(through), n_peaks), dtype=bool)
    exists[:n_modules, :n_raising], exists[n_modules, n_raising:] = True, True
    kept = np.flatnonzero(exists.ravel())
    crossed = crossed[kept]
    curvature = np.block(
        [
            [own[np.ix_(kept, kept)], crossed],
            [crossed.T, np.einsum("in,jn->ij", weighted, other)],
        ]
    )
    gradient = np.concatenate([slopes[kept], np.einsum("in,n->i", other, left)])
    inner = np.concatenate(
        [expit(fit.member).T.ravel(), expit(fit.lowering), expit(fit.effect), np.ones(2)]
    )
    gradient, curvature = gradient * inner, curvature * inner[:, None] * inner
    weights = n_raising * n_modules + n_lowering
    slope = inner[:weights]
    gradient[:weights] += penalties.sparsity * slope
    gradient[-1] += penalties.network * (fit.network[1] - 1.0)
    diagonal = np.einsum("ii->i", curvature)
    diagonal[:weights] += penalties.sparsity * slope * (1 - slope)
    diagonal[-1] += penalties.network
    return gradient, curvature


def _of_peaks(
    both: sp.csr_matrix,
    through: np.ndarray,
    curved: np.ndarray,
    weighted: np.ndarray,
    left: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slope, curvature and curvature with all else of each way of each peak, way by way."""
    ways, others, n_peaks = len(through), len(weighted), both.shape[1]
    sums, single = products_through(both, through, curved, weighted, left)
    own = np.empty((ways, n_peaks, ways, n_peaks))
    for column, (first, second) in enumerate(zip(*np.triu_indices(ways), strict=True)):
        own[first, :, second] = own[second, :, first] = sums[:, :, column]
    crossed = single[:, : ways * others].reshape(n_peaks, ways, others).swapaxes(0, 1)
    return (
        single[:, ways * others :].T.ravel(),
        own.reshape(ways * n_peaks, ways * n_peaks),
        crossed.reshape(ways * n_peaks, others),
    )


def _step(
    cells: GeneCells,
    state: _State,
    penalties: Penalties,
    gradient: np.ndarray,
    curvature: np.ndarray,
    damping: float,
) -> tuple[_State | None, float]:
    """Return the state after a step that lowers the loss, if one of some does, and the damping."""
    fit, diagonal = state.fit, curvature.diagonal().copy()
    n_peaks, n_modules = fit.member.shape
    edges = np.cumsum([fit.member.size, len(fit.lowering), n_modules])
    for _ in range(TRIES):
        damped = curvature.copy()
        np.einsum("ii->i", damped)[:] += damping * (diagonal + 1.0)
        member, lowering, effect, network = np.split(
            solved_step(damped, gradient, LARGEST_STEP), edges
        )
        tried = GeneFit(
            (fit.member - member.reshape(n_modules, n_peaks).T).clip(LOWEST, HIGHEST),
            (fit.effect - effect).clip(LOWEST, HIGHEST),
            (fit.lowering - lowering).clip(LOWEST, HIGHEST),
            fit.network - network,
            fit.size,
        )
        after = _state(cells, tried, penalties)
        if after.value < state.value:
            return after, max(damping / 3, 1e-3)
        damping *= 4
    return None, damping


def solved_step(curvature: np.ndarray, gradient: np.ndarray, largest: float) -> np.ndarray:
    """Return Newton's step, each number in -largest..largest; no step where it is not positive.

    Examples
    --------
    >>> solved_step(np.diag([2.0, 0.1]), np.array([1.0, 1.0]), 1.5).round(6).tolist()
    [0.5, 1.5]
    """
    # By torch, whose number of threads training fixes: on more of them the last digits differ.
    factor, failed = torch.linalg.cholesky_ex(torch.from_numpy(curvature))
    if failed:
        # The curvature is positive but for rounding, which a longer damping takes care of.
        return np.zeros_like(gradient)
    solution = torch.cholesky_solve(torch.from_numpy(gradient)[:, None], factor)[:, 0]
    return solution.clamp(-largest, largest).numpy()


def random_start(
    n_raising: int,
    n_lowering: int,
    n_modules: int,
    intercept: float,
    size: float,
    generator: np.random.Generator,
) -> GeneFit:
    """Return where a fit begins: modules that differ at random, so that they can part.

    Parameters
    ----------
    n_raising, n_lowering, n_modules
        See `GeneFit`.
    intercept
        Mean log rate.
    size
        Of the negative binomial; `LARGEST_SIZE` for Poisson.
    generator
        Draws the weights.
    """
    member = 0.7 * generator.standard_normal((n_raising, n_modules)) - 2.0
    effect = np.full(n_modules, np.log(np.expm1(0.55)))
    lowering = np.full(n_lowering, -3.0)
    return GeneFit(member, effect, lowering, np.array([intercept, 1.0]), min(size, LARGEST_SIZE))
