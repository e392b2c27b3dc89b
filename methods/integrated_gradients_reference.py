"""Integrated gradients by captum, as it is: what `integrated-gradients` is compared with."""

import torch
from captum.attr import IntegratedGradients as CaptumIntegratedGradients
from pydantic import PositiveInt
from torch import Tensor

from xbench import Explainer, Problem, Selection
from xbench.explainers.attribution import mean_attribution


class IntegratedGradientsReference(Explainer):
    """Mean integrated gradient from p to the cell (Sundararajan et al. 2017), by captum.

    captum evaluates every step of every cell by a dense forward and backward pass of the module, so
    that its time does not depend on the mask operator: some 80 s a run at the paper's size. The
    task `ci` measures the seconds of other methods in its.

    Parameters
    ----------
    steps
        Points on the way, of a Gauss-Legendre rule (captum's default).
    signed
        Average attributions, or their absolute values.
    """

    name = "integrated-gradients-reference"
    finds_linear_optimum = True
    steps: PositiveInt = 32
    signed: bool = True

    def explain(self, problem: Problem) -> Selection:
        """Average over the training cells."""
        attribution = CaptumIntegratedGradients(problem.model)
        baseline = torch.tensor(problem.perturbation)[None].to(problem.device)

        def attribute(x: Tensor) -> Tensor:
            # All steps at once would hold `steps` times the chunk.
            return attribution.attribute(
                x, baselines=baseline, target=0, n_steps=self.steps, internal_batch_size=len(x)
            )

        scores = mean_attribution(problem, attribute, signed=self.signed)
        return Selection.from_scores(scores, problem.subset_size)
