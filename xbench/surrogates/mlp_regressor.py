"""Numbers from a table: one hidden layer of 64 ReLU units, trained on squared error."""

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.surrogates.mlp_classifier import (
    ClassifierTraining,
    MLPClassifier,
    train_perceptron,
)
from xbench.surrogates.surrogate import Recipe
from xbench.surrogates.training.loop import StageHistory
from xbench.utils.progress import SILENT, Progress
from xbench.utils.sparse import dense_tensor


class MLPRegressor(MLPClassifier):
    """Two-layer perceptron over a table, with numbers for outputs.

    Examples
    --------
    >>> MLPRegressor(10, 64, 1)(torch.zeros(3, 10)).shape
    torch.Size([3, 1])
    """

    name = "mlp-regressor"

    @classmethod
    def recipe(cls) -> Recipe:
        """Squared error of standardised numbers, see `train_regressor`."""
        return Recipe(SETTINGS, train_regressor, classifies=False)


# For tables of some hundreds to some ten thousands of rows.
SETTINGS = ClassifierTraining(learning_rate=1e-3, evaluate_every=50, patience=8)


def train_regressor(
    dataset: Dataset,
    settings: ClassifierTraining,
    seed: int = 0,
    train_rows: np.ndarray | None = None,
    progress: Progress = SILENT,
) -> tuple[MLPRegressor, list[StageHistory]]:
    """Train on `train_rows` (the training part by default), stop early on validation.

    Numbers are standardised by the training rows; scale and mean are then folded into the last
    layer, so that the model gives what was measured, in its units.

    Raises
    ------
    XbenchError
        Where what is to be predicted is not known.
    """
    if dataset.Y is None:
        raise XbenchError(
            f"{dataset.name}: a model cannot be trained, since the data have nothing to predict; "
            "give y, or a model of your own"
        )
    rows = dataset.split.train if train_rows is None else train_rows
    measured = sp.csr_matrix(dataset.Y).toarray().astype(np.float32)
    mean, scale = measured[rows].mean(axis=0), measured[rows].std(axis=0)
    scale[scale == 0] = 1
    x = dense_tensor(dataset.X)
    y = torch.from_numpy((measured - mean) / scale)

    def loss_of(model: MLPRegressor, chosen: np.ndarray) -> torch.Tensor:
        return nn.functional.mse_loss(model(x[chosen]), y[chosen])

    model, history = train_perceptron(
        MLPRegressor,
        dataset.n_outputs,
        loss_of,
        dataset,
        settings,
        seed,
        train_rows,
        progress,
        "regressor",
    )
    with torch.no_grad():
        factor = torch.from_numpy(scale)
        model.second.weight.mul_(factor[:, None])
        model.second.bias.mul_(factor).add_(torch.from_numpy(mean))
    return model, history
