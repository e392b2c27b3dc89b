"""SmoothGrad: saliency averaged over noisy copies of the input."""

from __future__ import annotations

import numpy as np
import torch
from captum.attr import NoiseTunnel, Saliency

from xbench import Explainer, Problem, Selection
from xbench.explaining.attribution import masking_lowers


class SmoothGrad(Explainer):
    """Mean absolute gradient over noisy inputs (Smilkov et al. 2017), as the paper has it.

    Signs are dropped, see `saliency`.

    Parameters
    ----------
    samples
        Noisy copies of each cell.
    noise
        Standard deviation of the noise, as a share of the input range (0 to 1 here).
    signed
        Keep signs (a control of ours), as `saliency` does with the same parameter.
    """

    name = "smoothgrad"
    samples: int = 25
    noise: float = 0.15
    signed: bool = False

    def explain(self, problem: Problem) -> Selection:
        """Average |dF/dx| over cells and noise."""
        attribution = NoiseTunnel(Saliency(problem.model))
        total = np.zeros(problem.n_features)
        # captum draws its noise from torch's global generator: seed it, and put it back.
        with torch.random.fork_rng():
            torch.manual_seed(problem.seed % 2**63)
            for x in problem.dense_inputs():
                gradient = attribution.attribute(
                    x.requires_grad_(),
                    nt_type="smoothgrad",
                    nt_samples=self.samples,
                    nt_samples_batch_size=1,
                    stdevs=self.noise,
                    target=0,
                    abs=not self.signed,
                )
                total += gradient.detach().sum(dim=0).cpu().numpy()
        if self.signed:
            total *= masking_lowers(problem)
        return Selection.from_scores(total / problem.population.n_cells, problem.subset_size)
