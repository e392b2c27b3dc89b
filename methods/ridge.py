"""Ridge regression of what was measured on all peaks near the gene at once: no model is asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import scipy.sparse as sp
from pydantic import NonNegativeFloat, PositiveFloat

from xbench import Explainer, Problem, Selection
from xbench.explainers.attribution import masking_lowers
from xbench.explainers.neighbours import distance_to_start, why_no_distance


class Ridge(Explainer):
    """Ridge regression of measured expression on all features near the gene: a control.

    Unlike `correlation` it asks for what a feature adds to its neighbours: of two that open
    together the one that expression follows is preferred. A feature's score is its coefficient
    times its mean: by how much the prediction falls, over the population, where it is masked to 0.

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
    within: Literal["population", "cell-type"] = "population"
    window: NonNegativeFloat | None = 1e6
    penalty: PositiveFloat = 1.0

    def explain(self, problem: Problem) -> Selection:
        """Rank by coefficient times mean change, in the direction in which masking moves."""
        near = np.arange(problem.n_features)
        if self.window is not None:
            distance = distance_to_start(problem.features, problem.target)
            near = np.flatnonzero(distance <= self.window)
        cells = [(_dense(x, near), y) for x, y in problem.measured_cells(self.within)]
        coefficients = ridge_coefficients(cells, self.penalty)
        inputs = _dense(problem.inputs, near)
        change = np.abs(inputs - problem.perturbation[near]).mean(axis=0)
        scores = np.full(problem.n_features, -np.inf)
        scores[near] = coefficients * change * masking_lowers(problem)[near]
        # Below every near one, and numbers all the same: a score must not be infinite.
        least = scores[near].min(initial=0.0) - 1.0
        return Selection.from_scores(np.maximum(scores, least), problem.subset_size)

    def skip(self, problem: Problem) -> str | None:
        """Refuse classes, and a window without coordinates."""
        if problem.observed is None:
            return "needs a measured number for the target, such as a gene's expression"
        if self.window is None:
            return None
        return why_no_distance(problem.features, problem.target)


def _dense(inputs: sp.csr_matrix | np.ndarray, columns: np.ndarray) -> np.ndarray:
    return sp.csc_matrix(inputs)[:, columns].toarray().astype(np.float64)


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
