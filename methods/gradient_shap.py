"""GradientSHAP: gradients at random points between p and the cell."""

import torch
from captum.attr import GradientShap as CaptumGradientShap
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from xbench import Explainer, Problem, Selection
from xbench.explainers.attribution import mean_attribution, seeded


class GradientShap(Explainer):
    """Expected gradient x (x - p) at random points between p and x (Lundberg and Lee 2017).

    The integral of `integrated-gradients`, estimated at random points, by captum. Its baselines
    are a distribution in general; here masking has one, p. Directions as there.

    Parameters
    ----------
    samples
        Random points for each cell.
    noise
        Standard deviation of the noise added to x, as a share of the input range (0 to 1 here).
    signed
        Average attributions (ours), or their absolute values.
    """

    name = "gradient-shap"
    finds_linear_optimum = True
    samples: PositiveInt = 25
    noise: NonNegativeFloat = 0.0
    signed: bool = True

    def explain(self, problem: Problem) -> Selection:
        """Average over the training cells and random points."""
        attribution = CaptumGradientShap(problem.model)
        baseline = torch.from_numpy(problem.perturbation)[None].to(problem.device)

        def attribute(x: Tensor) -> Tensor:
            total = torch.zeros_like(x)
            # One sample at a time: captum holds all that it is asked for at once.
            for _ in range(self.samples):
                total += attribution.attribute(
                    x, baselines=baseline, n_samples=1, stdevs=self.noise, target=0
                ).detach()
            return total / self.samples

        with seeded(problem.seed):  # captum draws from the global generators
            scores = mean_attribution(problem, attribute, signed=self.signed)
        return Selection.from_scores(scores, problem.subset_size)
