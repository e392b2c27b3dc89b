"""Saliency maps, aggregated over the population."""

import numpy as np
from captum.attr import Saliency as CaptumSaliency

from xbench import Explainer, Problem, Selection
from xbench.explainers.attribution import masking_lowers, why_no_direction


class Saliency(Explainer):
    """Mean absolute gradient (Simonyan et al. 2014), aggregated as the paper does.

    The sign is dropped, as in the paper: a feature whose masking raises the output ranks as
    high as one whose masking lowers it. `gradient-change` keeps the sign.

    Parameters
    ----------
    signed
        Keep it here too (a control of ours): the mean gradient, in the direction in which masking
        moves the feature. Unlike `gradient-change` it counts cells that masking does not change.
    """

    name = "saliency"
    signed: bool = False

    def explain(self, problem: Problem) -> Selection:
        """Average |dF/dx| over the training cells."""
        attribution = CaptumSaliency(problem.model)
        total = np.zeros(problem.n_features)
        for x in problem.dense_inputs():
            gradient = attribution.attribute(x.requires_grad_(), target=0, abs=not self.signed)
            total += gradient.detach().sum(dim=0).cpu().numpy()
        if self.signed:
            total *= masking_lowers(problem)
        return Selection.from_scores(total / problem.population.n_cells, problem.subset_size)

    def skip(self, problem: Problem) -> str | None:
        """Refuse a perturbation that neither lowers nor raises features, where signs are kept."""
        return why_no_direction(problem) if self.signed else None
