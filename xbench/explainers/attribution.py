"""From attributions of single cells to one score a feature."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import Tensor

from xbench.mask.changing_pairs import changing_pairs
from xbench.problem import Problem


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
    return np.sign(means - problem.perturbation)


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
