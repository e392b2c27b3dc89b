"""Ridge regression of what was measured on all peaks near the gene at once: no model is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from pydantic import NonNegativeFloat, PositiveFloat
from scipy.linalg import solve

from xbench import Explainer, Problem, Selection
from xbench.explainers.attribution import why_no_direction
from xbench.explainers.explainer import MeasuredCells
from xbench.explainers.neighbours import distance_to_start, why_no_distance


class Ridge(Explainer):
    """Ridge regression of measured expression on all features near the gene: a control.

    Unlike `correlation` it asks for what a feature adds to its neighbours: of two that open
    together the one that expression follows is preferred. A feature's score is its coefficient
    times its mean's distance from what it is masked to: by how much the prediction falls, over the
    population.

    Both sides are centred within each cell type. The surrogate is not asked.

    Parameters
    ----------
    within
        Which cells: ``"population"``, those explained, which are of one type; or ``"cell-type"``,
        those of all types.
    window
        Features at most this far from where the gene may start, in base pairs; all of them where
        None. Others follow after all of these.
    penalty
        Weight of the squared coefficients, relative to the mean variation of a feature.
    """

    name = "ridge"
    version = 2
    within: Literal["population", "cell-type"] = "population"
    window: NonNegativeFloat | None = 1e6
    penalty: PositiveFloat = 1.0

    def explain(self, problem: Problem) -> Selection:
        """Rank by coefficient times mean change, in the direction in which masking moves."""
        near = np.arange(problem.n_features)
        if self.window is not None:
            distance = distance_to_start(problem.features, problem.target)
            near = np.flatnonzero(distance <= self.window)
        measured = problem.measured_cells(self.within)
        # Of all features, all cells are looked at together; of near ones, a type at a time.
        together = list(measured) if self.window is None else None
        if together is not None and _is_wide_and_sparse(together):
            coefficients = sparse_ridge_coefficients(together, self.penalty)
        else:
            cells = ((_dense(x, near), y) for x, y in together or measured)
            coefficients = ridge_coefficients(cells, self.penalty)
        # Masking moves what is linear by as much as the mean of its inputs, in either direction.
        moved = _means(problem.inputs, near) - problem.perturbation[near]
        scores = np.full(problem.n_features, -np.inf)
        scores[near] = coefficients * moved
        # Below every near one, and numbers all the same: a score must not be infinite.
        least = scores[near].min(initial=0.0) - 1.0
        return Selection.from_scores(np.maximum(scores, least), problem.subset_size)

    def skip(self, problem: Problem) -> str | None:
        """Refuse classes, a window without coordinates, and masking of no direction."""
        if problem.observed is None:
            return "needs a measured number for the target, such as a gene's expression"
        if self.window is not None and (why := why_no_distance(problem.features, problem.target)):
            return why
        return why_no_direction(problem)


def _dense(inputs: sp.csr_matrix | np.ndarray, columns: np.ndarray) -> np.ndarray:
    return sp.csc_matrix(inputs)[:, columns].toarray().astype(np.float64)


def _is_wide_and_sparse(groups: Sequence[MeasuredCells]) -> bool:
    """Whether there are more features than cells, few of them not 0: a table would be huge."""
    n_cells = sum(x.shape[0] for x, _ in groups)
    return all(sp.issparse(x) and x.shape[1] > n_cells for x, _ in groups)


def _means(inputs: sp.csr_matrix | np.ndarray, columns: np.ndarray) -> np.ndarray:
    sums = sp.csc_matrix(inputs)[:, columns].sum(axis=0, dtype=np.float64)
    return np.asarray(sums).ravel() / inputs.shape[0]


def ridge_coefficients(
    groups: Iterable[tuple[np.ndarray, np.ndarray]], penalty: float
) -> np.ndarray:
    """Return the coefficients that minimise squared errors plus a penalty, centred within groups.

    Solved in the smaller of the two dimensions, cells or features.

    Parameters
    ----------
    groups
        Inputs of shape (n, d) and what was observed, of shape (n,), for each.
    penalty
        Weight of the squared coefficients, relative to the mean over features of the sum of
        squared deviations.

    Returns
    -------
    ndarray
        Shape (d,), float64; 0 for a feature that never varies.

    Examples
    --------
    >>> x = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0]])
    >>> ridge_coefficients([(x, 3 * x[:, 0] + x[:, 1])], 1.0).tolist()
    [1.5, 0.5]
    """
    deviations = [(x - np.mean(x, axis=0), y - np.mean(y)) for x, y in groups]
    centred = np.concatenate([x for x, _ in deviations]).astype(np.float64)
    left = np.concatenate([y for _, y in deviations]).astype(np.float64)
    variation = float((centred**2).sum() / max(1, centred.shape[1]))
    if variation == 0:
        return np.zeros(centred.shape[1])
    strength = penalty * variation
    n_cells, n_features = centred.shape
    if n_features <= n_cells:
        return np.linalg.solve(
            centred.T @ centred + strength * np.eye(n_features), centred.T @ left
        )
    return centred.T @ np.linalg.solve(centred @ centred.T + strength * np.eye(n_cells), left)


# Cells whose products with all others are made at once.
ROWS = 512


def sparse_ridge_coefficients(
    groups: Sequence[tuple[Any, np.ndarray]], penalty: float
) -> np.ndarray:
    """Return the same as `ridge_coefficients`, up to rounding, for few cells and many features.

    No number is made for every cell and feature: products of deviations of two cells are those of
    the cells, less what their groups' means add to them.

    Parameters
    ----------
    groups
        Inputs of shape (n, d), sparse, and what was observed, of shape (n,), for each.
    penalty
        See `ridge_coefficients`.

    Returns
    -------
    ndarray
        Shape (d,), float64; 0 for a feature that never varies within a group.

    Examples
    --------
    >>> x = np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    >>> y = 3 * x[:, 0] + x[:, 1]
    >>> dense = ridge_coefficients([(x, y)], 1.0)
    >>> np.allclose(sparse_ridge_coefficients([(sp.csr_matrix(x), y)], 1.0), dense)
    True
    """
    inputs = [sp.csr_matrix(x, dtype=np.float64) for x, _ in groups]
    varies = np.any([(x.max(axis=0) != x.min(axis=0)).toarray()[0] for x in inputs], axis=0)
    if not varies.any():
        return np.zeros(len(varies))
    means = np.stack([np.asarray(x.mean(axis=0)).ravel() for x in inputs])
    together = sp.vstack(inputs, format="csr")
    group = np.repeat(np.arange(len(inputs)), [x.shape[0] for x in inputs])
    left = np.concatenate([y - np.mean(y) for _, y in groups]).astype(np.float64)
    products = _products_of_deviations(together, means, group)
    diagonal = np.einsum("ii->i", products)
    diagonal += penalty * diagonal.sum() / len(varies)
    weights = solve(products, left, overwrite_a=True, assume_a="sym")
    of_groups = np.bincount(group, weights, minlength=len(inputs))
    return np.where(varies, together.T @ weights - of_groups @ means, 0.0)


def _products_of_deviations(
    inputs: sp.csr_matrix, means: np.ndarray, group: np.ndarray
) -> np.ndarray:
    """Return the products of all pairs of rows, less the means of their groups, shape (n, n)."""
    transposed = inputs.T.tocsr()
    with_means, of_means = inputs @ means.T, means @ means.T
    found = np.empty((inputs.shape[0],) * 2)
    for start in range(0, len(found), ROWS):
        rows = slice(start, start + ROWS)
        found[rows] = (inputs[rows] @ transposed).toarray()
        found[rows] -= with_means[rows][:, group] + with_means[:, group[rows]].T
        found[rows] += of_means[group[rows]][:, group]
    return found
