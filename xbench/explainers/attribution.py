"""From attributions of single cells to one score a feature.

Packages that compute them may draw from the global generators; nothing of ours does.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from xbench.explainers.explainer import Problem
from xbench.mask.changed_pairs import changing_pairs


def mean_attribution(
    problem: Problem, attribute: Callable[[Tensor], Tensor], *, signed: bool
) -> np.ndarray:
    """Average attributions over the training cells, or over those that the budget allows.

    Parameters
    ----------
    problem
        Its cells are handed on as dense chunks; its budget is asked after each.
    attribute
        Dense inputs to attributions, both of shape (some cells, d).
    signed
        Whether to average attributions, or their absolute values.

    Returns
    -------
    ndarray
        Shape (d,), float64.

    Examples
    --------
    >>> import torch
    >>> from types import SimpleNamespace
    >>> cells = torch.tensor([[1.0, -1.0], [3.0, 1.0]])
    >>> problem = SimpleNamespace(
    ...     n_features=2, dense_inputs=lambda: cells.split(1), exhausted=lambda: False
    ... )
    >>> mean_attribution(problem, lambda x: 2 * x, signed=False)
    array([4., 2.])
    """
    total, cells = np.zeros(problem.n_features), 0
    for x in problem.dense_inputs():
        attributions = attribute(x).detach()
        total += (attributions if signed else attributions.abs()).sum(dim=0).cpu().numpy()
        cells += len(x)
        if problem.exhausted():
            break
    return total / cells


# Cells whose gradients are taken between two looks at the budget.
PATH_CELLS = 512


def mean_path_attribution(
    problem: Problem,
    points_of: Callable[[int], np.ndarray],
    weights: np.ndarray,
    *,
    signed: bool,
    noise: float = 0.0,
) -> np.ndarray:
    """Average (x - p) times gradients from p to x over the training cells, or those in budget.

    Parameters
    ----------
    problem
        Its budget is asked after each `PATH_CELLS` cells.
    points_of
        From a number of cells to the points t of the path, 0 at p and 1 at x: shape (m,), or
        (cells, m).
    weights
        Of the points, shape (m,).
    signed
        Whether to average attributions, or their absolute values.
    noise
        Standard deviation of the noise on x at each point.

    Returns
    -------
    ndarray
        Shape (d,), float64.
    """
    generator = torch.Generator().manual_seed(problem.seed % 2**63)
    total, cells = np.zeros(problem.n_features), 0
    for start in range(0, problem.population.n_cells, PATH_CELLS):
        rows = np.arange(start, min(start + PATH_CELLS, problem.population.n_cells))
        some = problem.population.batch(rows)
        points = points_of(len(rows))
        total += len(rows) * some.path_attributions(
            points, weights, absolute=not signed, noise=noise, generator=generator
        )
        cells += len(rows)
        if problem.exhausted():
            break
    return total / cells


def masking_lowers(problem: Problem) -> np.ndarray:
    """Whether masking lowers a feature: 1, raises it: -1, or leaves its mean as it is: 0.

    A derivative says what a higher x_j does; times this it says what masking j takes away.

    Returns
    -------
    ndarray
        Sign of the mean of x_j over the training cells minus p_j, shape (d,).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> inputs = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    >>> masking_lowers(SimpleNamespace(inputs=inputs, perturbation=np.array([0.0, 1.0, 0.0])))
    array([ 1., -1.,  0.])
    """
    means = np.asarray(problem.inputs.mean(axis=0)).ravel()
    moved = means - problem.perturbation
    # What rounding leaves of a mean that is masked to itself has no direction.
    return np.where(np.abs(moved) > 1e-6 * np.abs(means), np.sign(moved), 0.0)


def why_no_direction(problem: Problem) -> str | None:
    """Return why a derivative, or a correlation, does not say what masking does; None where it can.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> inputs = np.array([[1.0, 0.0], [0.0, 0.0]])
    >>> why_no_direction(SimpleNamespace(inputs=inputs, perturbation=np.array([0.5, 0.0])))
    'masking leaves the mean of every feature as it is: it neither lowers nor raises any'
    """
    if not np.any(problem.perturbation) or masking_lowers(problem).any():
        return None
    return "masking leaves the mean of every feature as it is: it neither lowers nor raises any"


def share_changed(problem: Problem) -> np.ndarray:
    """Return the share of training cells in which masking changes each feature, shape (d,).

    For binary peaks and p = 0 it is their accessibility.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> inputs = np.array([[1.0, 0.0], [0.0, 0.0]])
    >>> share_changed(SimpleNamespace(inputs=inputs, perturbation=np.zeros(2)))
    array([0.5, 0. ])
    """
    changing = changing_pairs(problem.inputs, problem.perturbation)
    return np.bincount(changing.indices, minlength=changing.shape[1]) / changing.shape[0]


def mean_of_players(
    problem: Problem,
    cells: int,
    values_of: Callable[[int, np.ndarray, int], np.ndarray],
    *,
    signed: bool,
) -> np.ndarray:
    """Average values of the features that differ from p in each of some cells; others count 0.

    Parameters
    ----------
    problem
        Its generator draws the cells; its budget is asked after each.
    cells
        Training cells taken, drawn at random; 0 for all.
    values_of
        From a cell, its features that differ from p, ascending, and a seed, to one value each.
    signed
        Whether to average values, or their absolute values.

    Returns
    -------
    ndarray
        Shape (d,), float64.
    """
    population = problem.population
    players = population.changing_pairs()
    generator = problem.generator()
    drawn = generator.permutation(population.n_cells)[: cells or None].tolist()
    total, explained = np.zeros(problem.n_features), 0
    for cell in drawn:
        features = players.indices[players.indptr[cell] : players.indptr[cell + 1]]
        seed = int(generator.integers(2**32))
        if len(features):
            values = values_of(cell, features, seed)
            total[features] += values if signed else np.abs(values)
        explained += 1
        if problem.exhausted():
            break
    return total / explained


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python's, NumPy's and torch's global generators for a block, and put them back.

    For packages that can be seeded in no other way (captum, shap).

    Parameters
    ----------
    seed
        Any whole number, at least 0; its lower 32 bits seed NumPy.

    Examples
    --------
    >>> with seeded(3):
    ...     first = torch.rand(1)
    >>> with seeded(3):
    ...     print(torch.equal(first, torch.rand(1)))
    True
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng():
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        torch.manual_seed(seed % 2**63)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002
