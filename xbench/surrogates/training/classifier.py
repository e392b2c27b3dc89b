"""Training of `mlp-classifier` (protocol: Adam 1e-4, 2,000 steps, batch 64)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as functional
from torch import nn

from xbench.data.dataset import Dataset
from xbench.surrogates.mlp_classifier import MLPClassifier
from xbench.surrogates.training.loop import Stage, StageHistory, train_stage
from xbench.utils.process import one_thread
from xbench.utils.progress import Progress, silent


@dataclass(frozen=True)
class ClassifierTraining:
    """Settings, the protocol's by default."""

    steps: int = 2000
    learning_rate: float = 1e-4
    batch_size: int = 64
    evaluate_every: int = 100
    patience: int = 5


def train_classifier(
    dataset: Dataset,
    settings: ClassifierTraining,
    seed: int = 0,
    train_rows: np.ndarray | None = None,
    progress: Progress = silent,
) -> tuple[MLPClassifier, list[StageHistory], dict[str, float]]:
    """Train on `train_rows` (the training part by default), stop early on validation.

    Returns
    -------
    MLPClassifier
        With its best state on validation.
    list of StageHistory
        One stage.
    dict
        ``test_accuracy``, 0 to 1.
    """
    classes = list(dataset.output_features.names)
    inputs = torch.from_numpy(np.asarray(dataset.X, dtype=np.float32))
    labels = torch.from_numpy(np.array([classes.index(name) for name in dataset.cell_types]))
    split = dataset.split
    rows = split.train if train_rows is None else train_rows
    batch_size = min(settings.batch_size, len(rows))
    generator = np.random.default_rng(seed)
    # Batches of 64 images are too small for threads, and one gives the same weights everywhere.
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seed)
        model = MLPClassifier(dataset.n_features, n_classes=len(classes))

        def loss_of(rows: np.ndarray) -> torch.Tensor:
            return functional.cross_entropy(model(inputs[rows]), labels[rows])

        stage = Stage(
            "classifier",
            settings.steps,
            settings.learning_rate,
            settings.evaluate_every,
            settings.patience,
        )
        history = train_stage(
            stage,
            nn.ModuleList([model]),
            lambda step: loss_of(generator.choice(rows, batch_size, replace=False)),
            lambda: loss_of(split.validation).item(),
            progress,
        )
    with torch.no_grad():
        correct = model(inputs[split.test]).argmax(dim=1) == labels[split.test]
    return model, [history], {"test_accuracy": float(correct.float().mean())}
