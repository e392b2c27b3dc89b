"""The paper's MNIST model: one hidden layer of 64 ReLU units."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Recipe, Surrogate


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
        """Cross-entropy of classes, see `xbench.surrogates.training.classifier`."""
        from xbench.surrogates.training.classifier import ClassifierTraining, train_classifier

        return Recipe(ClassifierTraining(), train_classifier, classifies=True)

    def configuration(self) -> dict[str, object]:
        """Layer sizes."""
        return {
            "n_features": self.first.in_features,
            "n_hidden": self.first.out_features,
            "n_classes": self.second.out_features,
        }
