"""Peaks nearest to the target's gene: a control without a model."""

import numpy as np

from xbench import Explainer, Problem, Selection
from xbench.explainers.neighbours import distance_to_start, why_no_distance


class NearestTss(Explainer):
    """Features nearest to where the target's gene starts, whatever the model says: a control.

    Where the gene's strand is not known, the nearer of its two ends counts. Ties go to the earlier
    feature, and features of other chromosomes come last.
    """

    name = "nearest-tss"

    def explain(self, problem: Problem) -> Selection:
        """Rank by distance, nearest first."""
        distance = distance_to_start(problem.features, problem.target)
        # Of other chromosomes: infinitely far away, which is no score; behind all others.
        farthest = np.max(distance, where=np.isfinite(distance), initial=0)
        distance[np.isinf(distance)] = farthest + 1
        return Selection.from_scores(-distance, problem.subset_size)

    def skip(self, problem: Problem) -> str | None:
        """Refuse where features or gene have no coordinates."""
        return why_no_distance(problem.features, problem.target)
