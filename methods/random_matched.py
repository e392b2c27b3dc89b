"""Random features that are as accessible as those of the best cheap method: a control."""

from typing import Literal

import numpy as np
from pydantic import PositiveInt

from xbench import Explainer, Problem, Selection
from xbench.explainers.attribution import share_changed
from xbench.explainers.neighbours import distance_to_start, why_no_distance


class RandomMatched(Explainer):
    """Random features, matched one by one to those that `gradient-change` would select.

    A uniformly random peak is open in few cells, so masking it does nothing, and any method that
    likes open peaks beats it. Here each feature that `gradient-change` selects is replaced by one
    drawn from the `pool` others that are nearest to it in accessibility: the share of training
    cells in which masking changes the feature. What a method achieves beyond this is not owed to
    accessibility. Not matched by deciles: the highest of them reaches from some 7% to 90% open
    cells at the paper's size, and what is selected lies at its upper end.

    Parameters
    ----------
    match
        ``"accessibility"``, or ``"distance"``: also the distance to where the gene may start, on a
        log scale; both in standard deviations, features of other chromosomes with one another.
    pool
        Features that each one is drawn from.
    """

    name = "random-matched"
    match: Literal["accessibility", "distance"] = "accessibility"
    pool: PositiveInt = 20

    def explain(self, problem: Problem) -> Selection:
        """Draw a match for each selected feature, never twice the same."""
        generator, descent = problem.generator(), problem.population.descent()
        selected = Selection.from_scores(-descent, problem.subset_size).indices
        place = self._places(problem)
        free = np.ones(problem.n_features, dtype=bool)
        # Selected ones are drawn only where there are too few others.
        free[selected] = problem.n_features < 2 * len(selected)
        matches = []
        for feature in selected:
            others = np.flatnonzero(free)
            apart = ((place[others] - place[feature]) ** 2).sum(axis=1)
            # Many features are equally far: which of them are in the pool is left to chance too.
            order = np.lexsort((generator.random(len(others)), apart))
            match = others[order[generator.integers(min(self.pool, len(others)))]]
            free[match] = False
            matches.append(match)
        return Selection(np.array(matches, dtype=np.int64))

    def skip(self, problem: Problem) -> str | None:
        """Refuse to match distances where there are none."""
        if self.match == "accessibility":
            return None
        return why_no_distance(problem.features, problem.target)

    def _places(self, problem: Problem) -> np.ndarray:
        """Coordinates in which features are matched, shape (d, 1 to 3)."""
        accessibility = _standardised(share_changed(problem))
        if self.match == "accessibility":
            return accessibility[:, None]
        distance = distance_to_start(problem.features, problem.target)
        far = np.isinf(distance)
        near = np.zeros_like(distance)
        near[~far] = _standardised(np.log10(distance[~far] + 1))
        # Farther than any two features of one chromosome are from each other.
        return np.stack([accessibility, near, 1e3 * far], axis=1)


def _standardised(values: np.ndarray) -> np.ndarray:
    deviation = values.std() if len(values) else 0.0
    return (values - values.mean()) / deviation if deviation > 0 else np.zeros_like(values)
