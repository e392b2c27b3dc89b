"""Correlation of each feature with what was measured: a control without a model."""

from __future__ import annotations

import numpy as np

from xbench import Explainer, Problem, Selection
from xbench.explainers.attribution import masking_lowers
from xbench.explainers.correlation import correlations
from xbench.explainers.gene_distance import distance_to_start, why_no_distance


class Correlation(Explainer):
    """Pearson correlation of accessibility and measured expression over the training cells.

    How ArchR (Granja et al. 2021) links a peak to a gene, but for its aggregates of similar cells:
    here each cell counts for itself. The surrogate is not asked. A peak that is open where the
    gene is expressed is expected to lower it when closed: positive correlations come first. A
    feature that never varies has no correlation and counts as 0.

    Parameters
    ----------
    max_distance
        Features farther than this from where the gene may start, in base pairs, follow after all
        nearer ones (ArchR: 250,000); no limit where None.
    """

    name = "correlation"
    max_distance: float | None = None

    def __post_init__(self) -> None:
        if self.max_distance is not None and self.max_distance < 0:
            raise ValueError(f"max_distance {self.max_distance} must be at least 0, or None")

    def explain(self, problem: Problem) -> Selection:
        """Rank by correlation, in the direction in which masking moves a feature."""
        if problem.observed is None:
            raise ValueError("needs what was measured for the target")
        scores = correlations(problem.inputs, problem.observed) * masking_lowers(problem)
        if self.max_distance is not None:
            far = distance_to_start(problem.features, problem.target) > self.max_distance
            # Correlations are in -1..1: less 3, any is below all others.
            scores = np.where(far, scores - 3, scores)
        return Selection.from_scores(scores, problem.subset_size)

    def skip(self, problem: Problem) -> str | None:
        """Refuse classes, and a limit of distance without coordinates."""
        if problem.observed is None:
            return "needs a measured number for the target, such as a gene's expression"
        if self.max_distance is None:
            return None
        return why_no_distance(problem.features, problem.target)
