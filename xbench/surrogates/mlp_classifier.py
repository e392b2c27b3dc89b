"""The paper's MNIST model, one hidden layer of 64 ReLU units, and its training (protocol)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from xbench.data.dataset import Dataset
from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Recipe, Surrogate
from xbench.surrogates.training.loop import (
    Stage,
    StageHistory,
    own_random_numbers,
    train_stage,
)
from xbench.utils.process import one_thread
from xbench.utils.progress import SILENT, Progress
from xbench.utils.sparse import dense_tensor


class MLPClassifier(Surrogate):
    """Two-layer perceptron over images (protocol: 784-64-2, ReLU).

    Parameters
    ----------
    n_features, n_hidden, n_classes
        Sizes of the three layers.

    Examples
    --------
    >>> import torch
    >>> MLPClassifier(784, 64, 2)(torch.zeros(3, 784)).shape
    torch.Size([3, 2])
    """

    name = "mlp-classifier"

    def __init__(self, n_features: int, n_hidden: int = 64, n_classes: int = 2) -> None:
        super().__init__()
        self.first = nn.Linear(n_features, n_hidden)
        # A module, not a function: packages such as captum hook into modules.
        self.activation = nn.ReLU()
        self.second = nn.Linear(n_hidden, n_classes)

    def additive_layer(self) -> AdditiveLayer:
        """Return the first linear layer as one block."""
        weight = self.first.weight.detach().T.contiguous()
        offset = self.first.bias.detach()[None]
        return AdditiveLayer(weight, offset, np.array([0, len(weight)]))

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Logits from the hidden sums, shape (n, wanted classes)."""
        hidden = self.activation(sums[:, 0])
        if outputs is None:
            return self.second(hidden)
        return nn.functional.linear(hidden, self.second.weight[outputs], self.second.bias[outputs])

    def forward(self, x: Tensor) -> Tensor:
        """Logits of dense inputs, shape (n, n_classes)."""
        return self.tail(self.first(x)[:, None])

    @classmethod
    def recipe(cls) -> Recipe:
        """Cross-entropy of classes, see `train_classifier`."""
        return Recipe(ClassifierTraining(), train_classifier, classifies=True)

    def configuration(self) -> dict[str, object]:
        """Layer sizes."""
        return {
            "n_features": self.first.in_features,
            "n_hidden": self.first.out_features,
            "n_classes": self.second.out_features,
        }


Perceptron = TypeVar("Perceptron", bound=MLPClassifier)


@dataclass(frozen=True)
class ClassifierTraining:
    """Settings, the protocol's by default."""

    steps: PositiveInt = 2000
    learning_rate: PositiveFloat = 1e-4
    batch_size: PositiveInt = 64
    evaluate_every: PositiveInt = 100
    patience: PositiveInt = 5


def train_classifier(
    dataset: Dataset,
    settings: ClassifierTraining,
    seed: int = 0,
    train_rows: np.ndarray | None = None,
    progress: Progress = SILENT,
    kind: type[MLPClassifier] = MLPClassifier,
) -> tuple[MLPClassifier, list[StageHistory]]:
    """Train on `train_rows` (the training part by default), stop early on validation.

    `kind` is the class of the model, for one that differs in its layers alone.

    Returns
    -------
    MLPClassifier
        With its best state on validation.
    list of StageHistory
        One stage.
    """
    classes = list(dataset.output_features.names)
    inputs = dense_tensor(dataset.X)
    labels = torch.from_numpy(np.array([classes.index(name) for name in dataset.cell_types]))

    def loss_of(model: MLPClassifier, rows: np.ndarray) -> torch.Tensor:
        return nn.functional.cross_entropy(model(inputs[rows]), labels[rows])

    return train_perceptron(
        kind, len(classes), loss_of, dataset, settings, seed, train_rows, progress, "classifier"
    )


def train_perceptron(
    kind: type[Perceptron],
    n_outputs: int,
    loss_of: Callable[[Perceptron, np.ndarray], torch.Tensor],
    dataset: Dataset,
    settings: ClassifierTraining,
    seed: int,
    train_rows: np.ndarray | None,
    progress: Progress,
    stage_name: str,
) -> tuple[Perceptron, list[StageHistory]]:
    """Train in one stage of batches, stopped early on validation.

    Where there is no validation cell, the training cells stop it.

    Parameters
    ----------
    kind, n_outputs
        The class of the model, and how many outputs it has.
    loss_of
        Mean loss of the model on some rows.
    dataset, settings, seed, train_rows, progress
        See `train_classifier`.
    stage_name
        Shown in the progress bar and in the history.
    """
    split = dataset.split
    rows = split.train if train_rows is None else train_rows
    stopping = split.stopping_rows(rows)
    batch_size = min(settings.batch_size, len(rows))
    generator = np.random.default_rng(seed)
    # Batches of 64 images are too small for threads, and one gives the same weights everywhere.
    with own_random_numbers(seed), one_thread():
        model = kind(dataset.n_features, n_classes=n_outputs)
        stage = Stage(
            stage_name,
            settings.steps,
            settings.learning_rate,
            settings.evaluate_every,
            settings.patience,
        )
        history = train_stage(
            stage,
            nn.ModuleList([model]),
            lambda step: loss_of(model, generator.choice(rows, batch_size, replace=False)),
            lambda: loss_of(model, stopping).item(),
            progress,
        )
    return model, [history]
