"""Ridge regression of what was measured on all peaks near the gene at once: no model is asked."""

from __future__ import annotations

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

    The training cells are of one type, so both sides are centred within the type. The surrogate is
    not asked.

    Parameters
    ----------
    window
        Features at most this far from where the gene may start, in base pairs; all of them where
        None. Others follow after all of these.
    penalty
        Weight of the squared coefficients, relative to the mean variation of a feature.
    """

    name = "ridge"
    window: NonNegativeFloat | None = 1e6
    penalty: PositiveFloat = 1.0

    def explain(self, problem: Problem) -> Selection:
        """Rank by coefficient times mean change, in the direction in which masking moves."""
        if problem.observed is None:
            raise ValueError("needs what was measured for the target")
        near = np.arange(problem.n_features)
        if self.window is not None:
            distance = distance_to_start(problem.features, problem.target)
            near = np.flatnonzero(distance <= self.window)
        inputs = sp.csc_matrix(problem.inputs)[:, near].toarray().astype(np.float64)
        coefficients = ridge_coefficients(inputs, problem.observed, self.penalty)
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


def ridge_coefficients(inputs: np.ndarray, observed: np.ndarray, penalty: float) -> np.ndarray:
    """Return the coefficients that minimise squared errors plus a penalty, both sides centred.

    Solved in the smaller of the two dimensions, cells or features.

    Parameters
    ----------
    inputs
        Shape (n, d).
    observed
        Shape (n,).
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
    >>> ridge_coefficients(x, 3 * x[:, 0] + x[:, 1], 1.0).tolist()
    [1.5, 0.5]
    """
    centred = np.asarray(inputs, dtype=np.float64) - np.mean(inputs, axis=0)
    left = np.asarray(observed, dtype=np.float64) - np.mean(observed)
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
