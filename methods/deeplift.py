"""DeepLIFT: differences from p, handed back through each activation."""

import warnings

import numpy as np
import torch
from captum.attr import DeepLift as CaptumDeepLift
from torch import Tensor

from xbench import Explainer, Problem, Selection
from xbench.explainers.attribution import mean_attribution

# Cells on which the rules are tried, and the share of the change that they may miss.
TRIED, MISSED = 4, 1e-3


class DeepLift(Explainer):
    """Mean DeepLIFT contribution, rescale rule (Shrikumar et al. 2017), by captum.

    A cell's contributions sum to F(x) - F(p), as those of `integrated-gradients`, but from the
    two ends of the way alone. Directions as there.

    captum has rules for ReLU, softmax and a few other modules; what it has no rule for (PReLU,
    functional calls, products such as the cross-modality mapping's) it passes through by its
    gradient, without a word. So it is skipped where its contributions do not sum as they must.

    Parameters
    ----------
    signed
        Average contributions (ours), or their absolute values.
    """

    name = "deeplift"
    finds_linear_optimum = True
    signed: bool = True

    def explain(self, problem: Problem) -> Selection:
        """Average over the training cells."""
        scores = mean_attribution(problem, lambda x: _contributions(problem, x), signed=self.signed)
        return Selection.from_scores(scores, problem.subset_size)

    def skip(self, problem: Problem) -> str | None:
        """Refuse where contributions of some cells miss the change that they explain."""
        x = next(problem.dense_inputs())[:TRIED]
        contributions = _contributions(problem, x).sum(dim=1)
        with torch.no_grad():
            change = (problem.model(x) - problem.model(_baseline(problem)))[:, 0]
        missed = (contributions - change).abs().max().item()
        if missed <= MISSED * max(change.abs().max().item(), np.finfo(np.float32).tiny):
            return None
        return (
            "captum's DeepLift has no rule for some layer of this surrogate: its contributions "
            f"miss F(x) - F(p) by up to {missed:.2g}"
        )


def _baseline(problem: Problem) -> Tensor:
    return torch.from_numpy(problem.perturbation)[None].to(problem.device)


def _contributions(problem: Problem, x: Tensor) -> Tensor:
    with warnings.catch_warnings():
        # captum warns each time that it sets hooks, and that it removes them.
        warnings.simplefilter("ignore", UserWarning)
        found = CaptumDeepLift(problem.model).attribute(x, _baseline(problem), target=0)
    return found.detach()
