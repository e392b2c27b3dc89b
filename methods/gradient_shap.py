"""GradientSHAP: gradients at random points between p and the cell."""

import numpy as np
from pydantic import NonNegativeFloat, PositiveInt

from xbench import Explainer, Problem, Selection
from xbench.explainers.attribution import mean_path_attribution


class GradientShap(Explainer):
    """Expected gradient x (x - p) at random points between p and x (Lundberg and Lee 2017).

    The integral of `integrated-gradients`, estimated at random points. Its baselines are a
    distribution in general; here masking has one, p. Directions as there.

    Parameters
    ----------
    samples
        Random points for each cell.
    noise
        Standard deviation of noise added to x at each point, as a share of the input range (0 to 1
        here). It moves where the gradient is taken; the features' own changes stay x - p.
    signed
        Average attributions (ours), or their absolute values.
    """

    name = "gradient-shap"
    version = 2
    finds_linear_optimum = True
    samples: PositiveInt = 25
    noise: NonNegativeFloat = 0.0
    signed: bool = True

    def explain(self, problem: Problem) -> Selection:
        """Average over the training cells and random points."""
        generator = problem.generator()
        scores = mean_path_attribution(
            problem,
            lambda cells: generator.random((cells, self.samples)),
            np.full(self.samples, 1 / self.samples),
            signed=self.signed,
            noise=self.noise,
        )
        return Selection.from_scores(scores, problem.subset_size)
