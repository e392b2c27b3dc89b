"""CXPlain: networks that learn to predict what masking each window would do."""

from dataclasses import replace

import numpy as np
import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from xbench import Explainer, Problem, Selection
from xbench.explainers.importance_model import (
    Examples,
    ImageUNet,
    SparsePerceptron,
    in_span,
    spread_to_features,
)
from xbench.explainers.neighbours import image_side, window_of_features, windows
from xbench.surrogates.training.loop import Stage, train_stage

QUANTILES = (0.05, 0.95)


class CXPlain(Explainer):
    """Causal explanations by a second model (CXPlain, Schwab and Karlen 2019).

    Each window's target in a cell is its share of what masking single windows changes in the
    cell's loss; a network is trained by Kullback-Leibler divergence to predict the shares from
    the cell alone. Ours, since the package (1.0.3, of 2020) needs private parts of TensorFlow
    (``tensorflow.python.keras``) only to be imported:

    - The shares are of *falls* of the loss. The paper's feature matters when the loss rises
      without it, and the reference ranks that way; here masking is to lower the loss.
    - Only windows that masking changes in a cell compete for its shares.
    - A feature's score is the mean over training cells of its part in the predicted share of its
      window: in proportion to how much masking moves each feature, so equal parts for open peaks.
    - Where there are fewer training cells than features, the network sees a cell's place in the
      span of the training cells (`in_span`), since version 2: Adam's steps are along other axes
      than before, and no weight of a feature is ever kept.
    - Uncertainty is of these global scores, over networks trained on bootstrap samples of the
      cells: their median ranks, their 5% and 95% quantiles stand in `details`.

    The least work at the paper's size is the exact effect of each open window in each cell (one
    question to the mask operator, 3 million pairs), then for each cell and epoch 64 products with
    its 790 coordinates and some 4,300 logits of 64 multiply-adds, and Adam on 2 million weights.

    Parameters
    ----------
    members
        Networks in the ensemble.
    width, patch
        Peaks in a window; rows and columns of pixels in one, where the features are an image.
    learning_rate
        Of Adam; the protocol's 1e-3, or 5e-4 for images, where None.
    batch_size
        Cells in a step.
    epochs
        Most epochs of a network.
    patience
        Epochs without a better divergence on validation cells before a network is done.
    """

    name = "cxplain"
    version = 2
    members: PositiveInt = 5
    width: PositiveInt = 4
    patch: PositiveInt = 2
    learning_rate: PositiveFloat | None = None
    batch_size: PositiveInt = 64
    epochs: PositiveInt = 50
    patience: PositiveInt = 10

    def explain(self, problem: Problem) -> Selection:
        """Ask for the targets, then train network after network."""
        window_of = window_of_features(problem.features, self.width, self.patch)
        groups = windows(window_of)
        training = Examples.of(problem.population, groups)
        validation = Examples.of(problem.validation, groups)
        if not len(training.usable):  # No window lowers the loss of any cell.
            return Selection.from_scores(np.zeros(problem.n_features), problem.subset_size)
        if not len(validation.usable):
            validation = training
        if image_side(problem.features) is None:
            training, validation = in_span(training, validation)
        generator = problem.generator()
        scores: list[np.ndarray] = []
        divergences: list[float] = []
        with torch.random.fork_rng():
            torch.manual_seed(problem.seed % 2**63)
            while len(scores) < self.members and not (scores and problem.exhausted()):
                network = self._network(problem, training, len(groups)).to(problem.device)
                divergences.append(self._fit(network, training, validation, generator, problem))
                scores.append(self._scores(network, training, window_of))
        selection = Selection.from_scores(np.median(scores, axis=0), problem.subset_size)
        low, high = np.quantile(scores, QUANTILES, axis=0)[:, selection.indices]
        details = {
            "members": len(scores),
            "low": low.tolist(),
            "high": high.tolist(),
            "validation_divergence": {"networks": divergences},
        }
        return replace(selection, details=details)

    def _network(self, problem: Problem, training: Examples, n_windows: int) -> nn.Module:
        side = image_side(problem.features)
        if side is not None:
            return ImageUNet(side, self.patch)
        seen = training.inputs
        length = np.sqrt(seen.power(2).sum() / seen.shape[0])
        return SparsePerceptron(seen.shape[1], n_windows, 1 / float(length))

    def _fit(
        self,
        network: nn.Module,
        training: Examples,
        validation: Examples,
        generator: np.random.Generator,
        problem: Problem,
    ) -> float:
        """Train on a bootstrap sample; return the best divergence on validation cells, in nats."""
        sample = generator.choice(training.usable, len(training.usable))
        size = min(self.batch_size, len(sample))
        an_epoch = -(-len(sample) // size)
        rate = self.learning_rate or (1e-3 if image_side(problem.features) is None else 5e-4)
        stage = Stage("cxplain", self.epochs * an_epoch, rate, an_epoch, self.patience)

        def step_loss(step: int) -> Tensor:
            return training.divergence(network, generator.choice(sample, size, replace=False))

        def validation_loss() -> float:
            return validation.mean_divergence(network)

        modules = nn.ModuleList([network])
        history = train_stage(stage, modules, step_loss, validation_loss, stop=problem.exhausted)
        return history.best_validation

    @staticmethod
    def _scores(network: nn.Module, training: Examples, window_of: np.ndarray) -> np.ndarray:
        total = np.zeros(len(window_of))
        for rows, shares in training.shares(network):
            total += spread_to_features(shares, training.changes[rows], window_of)
        return total / training.changes.shape[0]
