"""Modules of one gene after the other, fitted to all cells at once.

Steps on batches of cells learn what is common. What tells which of a gene's peaks stand in for each
other is in a few cells of one type, of which a batch holds a handful: there all cells are needed at
once, and curvature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as functional
from torch import Tensor

from xbench.surrogates.training.recovered_counts import LARGEST_SIZE, SMALLEST_SIZE

# Bounds of what softplus is taken of: beyond them w and a are 0 or at their largest.
LOWEST, HIGHEST = -9.0, 4.0
LARGEST_STEP = 1.5


class GeneFit(NamedTuple):
    """Parameters of one gene.

    Parameters
    ----------
    member, effect
        Before softplus: of w, shape (peaks, modules), and of a, shape (modules,).
    network
        Intercept, and by how much the network's part is multiplied, shape (2,).
    size
        Of the negative binomial.
    """

    member: Tensor
    effect: Tensor
    network: Tensor
    size: float


@dataclass(frozen=True)
class GeneData:
    """All cells of one gene.

    Parameters
    ----------
    opened
        Peaks, shape (n, peaks), zeros and ones, float32.
    counts, exposure
        Shape (n,).
    network
        What the network says, with its mean taken off, shape (n,).
    given
        What else is added to the log rate and stays as it is, shape (n,).
    """

    opened: Tensor
    counts: Tensor
    exposure: Tensor
    network: Tensor
    given: Tensor


@dataclass(frozen=True)
class Penalties:
    """What a fit is charged, in units of the loss summed over cells.

    Parameters
    ----------
    sparsity
        Times the sum of w.
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
    closed: Tensor
    expected: Tensor
    value: float


def refined(data: GeneData, start: GeneFit, penalties: Penalties, rounds: int) -> GeneFit:
    """Lower the penalised loss of a gene by Levenberg and Marquardt's method.

    The curvature is Gauss and Newton's (the expected information of the counts); a step that does
    not lower the loss is tried again shorter.

    Parameters
    ----------
    data
        All cells.
    start
        Where to begin.
    penalties
        See `Penalties`.
    rounds
        Most steps.
    """
    state, damping = _state(data, start, penalties), 0.3
    for number in range(rounds):
        if not penalties.poisson and number % 3 == 1:
            state = _state(data, state.fit._replace(size=_size(data, state)), penalties)
        gradient, curvature = _derivatives(data, state, penalties)
        found, damping = _step(data, state, penalties, gradient, curvature, damping)
        if found is None:
            break
        gain, state = state.value - found.value, found
        if gain < 1e-2 and number > 3:
            break
    return state.fit


def _state(data: GeneData, fit: GeneFit, penalties: Penalties) -> _State:
    weight, effect = functional.softplus(fit.member), functional.softplus(fit.effect)
    closed = torch.exp(-(data.opened @ weight))
    rate = fit.network[0] + fit.network[1] * data.network + data.given + (1 - closed) @ effect
    rate = rate.clamp(-20.0, 14.0)
    expected = torch.exp(rate) * data.exposure
    size = fit.size
    loss = (data.counts + size) * torch.log1p(expected / size) - data.counts * rate
    value = float(loss.double().sum()) + penalties.sparsity * float(weight.sum())
    value += 0.5 * penalties.network * float(fit.network[1] - 1.0) ** 2
    return _State(fit, closed, expected, value)


def _size(data: GeneData, state: _State) -> float:
    """Moment estimate of the negative binomial's size."""
    mean = state.expected.double()
    excess = float(((data.counts - mean) ** 2 - mean).sum())
    size = float((mean**2).sum()) / max(excess, 1e-9)
    return min(max(size, SMALLEST_SIZE), LARGEST_SIZE)


def _derivatives(data: GeneData, state: _State, penalties: Penalties) -> tuple[Tensor, Tensor]:
    """Gradient and Gauss-Newton curvature by (member by module, effect, network), float64."""
    fit, mean, size = state.fit, state.expected, state.fit.size
    damped = 1.0 + mean / size
    n_modules = len(fit.effect)
    effect = functional.softplus(fit.effect)
    by_member = [data.opened * (effect[k] * state.closed[:, k])[:, None] for k in range(n_modules)]
    others = torch.stack([torch.ones_like(data.network), data.network], dim=1)
    columns = torch.cat([*by_member, 1 - state.closed, others], dim=1)
    inner = torch.cat([torch.sigmoid(fit.member).T.flatten(), torch.sigmoid(fit.effect)]).double()
    inner = torch.cat([inner, inner.new_ones(2)])
    gradient = (columns.T @ ((mean - data.counts) / damped)).double() * inner
    columns = columns * torch.sqrt(mean / damped)[:, None]
    curvature = (columns.T @ columns).double() * inner[:, None] * inner
    members = fit.member.numel()
    slope = inner[:members]
    gradient[:members] += penalties.sparsity * slope
    diagonal = curvature.diagonal()
    diagonal[:members] += penalties.sparsity * slope * (1 - slope)
    gradient[-1] += penalties.network * float(fit.network[1] - 1.0)
    diagonal[-1] += penalties.network
    return gradient, curvature


def _step(
    data: GeneData,
    state: _State,
    penalties: Penalties,
    gradient: Tensor,
    curvature: Tensor,
    damping: float,
) -> tuple[_State | None, float]:
    """Return the state after a step that lowers the loss, if one of six does, and the damping."""
    fit, members, diagonal = state.fit, state.fit.member.numel(), curvature.diagonal().clone()
    n_peaks, n_modules = fit.member.shape
    for _ in range(6):
        damped = curvature + torch.diag(damping * (diagonal + 1.0))
        move = torch.linalg.solve(damped, gradient).clamp(-LARGEST_STEP, LARGEST_STEP).float()
        member = fit.member - move[:members].view(n_modules, n_peaks).T
        effect = fit.effect - move[members : members + n_modules]
        tried = GeneFit(
            member.clamp(LOWEST, HIGHEST),
            effect.clamp(LOWEST, HIGHEST),
            fit.network - move[members + n_modules :],
            fit.size,
        )
        after = _state(data, tried, penalties)
        if after.value < state.value:
            return after, max(damping / 3, 1e-3)
        damping *= 4
    return None, damping
