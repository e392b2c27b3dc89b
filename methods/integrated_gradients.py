"""Integrated gradients: the gradient along the whole way from p to the cell."""

import numpy as np
from pydantic import PositiveInt

from xbench import Explainer, Problem, Selection
from xbench.explainers.attribution import mean_path_attribution


class IntegratedGradients(Explainer):
    """Mean integrated gradient from p to the cell (Sundararajan et al. 2017).

    A cell's attributions sum to F(x) - F(p): how much of the number explained each feature adds
    over its masked value. The loss rises with that number, so what adds most is masked first. One
    gradient at x says what the first step towards p does; this says what all of them do together.

    The mask operator takes the points of the way in the hidden sums, where they are a straight
    line too: the numbers are those of captum, which evaluates every point on dense inputs.

    Parameters
    ----------
    steps
        Points on the way, of a Gauss-Legendre rule (captum's default).
    signed
        Average attributions (ours); False averages their absolute values, which drops which
        direction masking goes.
    """

    name = "integrated-gradients"
    version = 2
    finds_linear_optimum = True
    steps: PositiveInt = 32
    signed: bool = True

    def explain(self, problem: Problem) -> Selection:
        """Average over the training cells."""
        nodes, weights = np.polynomial.legendre.leggauss(self.steps)
        scores = mean_path_attribution(
            problem, lambda cells: (nodes + 1) / 2, weights / 2, signed=self.signed
        )
        return Selection.from_scores(scores, problem.subset_size)
