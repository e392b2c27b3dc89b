"""Files to begin a plug-in of each kind with; as they stand they run and keep their contract."""

import re
from pathlib import Path

from xbench.errors import XbenchError, unknown_name
from xbench.utils.files import write_text

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

_METHOD = '''"""One line: what this method does."""

from __future__ import annotations

import numpy as np

from xbench import Explainer, Problem, Selection


class {class_name}(Explainer):
    """One line: the idea, and whose it is (Author et al. {year}).

    As it stands: features by how much masking each alone lowers the loss, to first order, then
    exactly for the most promising. Replace it by your own idea.

    Parameters
    ----------
    candidates
        How many features are tried exactly.
    """

    name = "{name}"
    # Annotated attributes are parameters: a task may set them.
    candidates: int = 256

    def explain(self, problem: Problem) -> Selection:
        """Return the L features whose masking lowers the loss most."""
        # The mask operator answers all questions: see xbench.MaskedPopulation.
        predicted = problem.population.descent()
        promising = np.argsort(predicted, kind="stable")
        # No further than the last feature that is wanted or tried exactly.
        tried = promising[: max(self.candidates, problem.subset_size)]
        scores = np.full(problem.n_features, -np.inf)
        for feature in tried:
            scores[feature] = -problem.population.losses([[feature]])[0]
            if problem.exhausted():
                # Told to stop: what was not tried exactly stays behind, in the order predicted.
                break
        order = promising[np.argsort(-scores[promising], kind="stable")]
        return Selection(order[: problem.subset_size], ordered=True)
'''

_METRIC = '''"""One line: what this metric measures."""

from xbench.metrics import Metric, Outcome


class {class_name}(Metric):
    """Mean fall of the number explained: replace it by your own measure."""

    name = "{name}"
    label = "{name}"
    unit = "1"
    direction = "higher"  # or "lower", or "none" for a number that is only shown
    description = "Mean fall of the number explained on test cells."

    def compute(self, outcome: Outcome) -> float | None:
        """Return the value of one selection; None where it is undefined."""
        return float((outcome.before - outcome.after).mean())
'''

_DATASET = '''"""One line: what these data are."""

from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.data.source import DatasetSource


class {class_name}(DatasetSource):
    """Random numbers, and whether their sum is large: replace them by your own data."""

    name = "{name}"
    citation = "whom to credit"
    licence = "under which terms"
    origin = "built in"  # or "by hand", with a file_name and how_to_get: what to get, from where

    def load(self, reading: ReadOptions = AS_IT_IS):
        """Make the data; of files of your own, self.find(reading.path) gives the path."""
        import numpy as np

        from xbench.data.arrays import dataset_of

        self.refuse_options(reading)
        x = np.random.default_rng(0).random((200, 12))
        y = np.where(x[:, :4].sum(axis=1) > 2, "large", "small")
        return dataset_of(x, y, name=self.name, split_seed=reading.split_seed)
'''

_SURROGATE = '''"""One line: what this surrogate is."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from xbench import Surrogate
from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Recipe


@dataclass(frozen=True)
class Settings:
    """How it is trained."""

    steps: int = 500
    learning_rate: float = 0.01


class {class_name}(Surrogate):
    """Logistic regression of classes: replace it by your own model."""

    name = "{name}"

    def __init__(self, n_features: int, n_classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_features, n_classes)

    def additive_layer(self) -> AdditiveLayer:
        """Return the weights as one block: masking then changes sums alone."""
        weight, offset = self.linear.weight.detach().T, self.linear.bias.detach()[None]
        return AdditiveLayer(weight.contiguous(), offset, np.array([0, len(weight)]))

    def tail(self, sums, outputs=None):
        """Return the wanted outputs from the sums."""
        return sums[:, 0] if outputs is None else sums[:, 0][:, outputs]

    def forward(self, x):
        """Return all outputs of dense inputs."""
        return self.linear(x)

    @classmethod
    def recipe(cls) -> Recipe:
        """Return how it is trained."""
        return Recipe(Settings(), train, classifies=True)

    def configuration(self) -> dict[str, object]:
        """Return what builds it again."""
        return {{"n_features": self.linear.in_features, "n_classes": self.linear.out_features}}


def train(dataset, settings, *, seed, train_rows, progress=None):
    """Return the trained model, and a history of each stage (none here)."""
    classes = list(dataset.output_features.names)
    x = torch.from_numpy(np.asarray(dataset.X[train_rows], dtype=np.float32))
    y = torch.tensor([classes.index(one) for one in dataset.cell_types[train_rows]])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = {class_name}(dataset.n_features, len(classes))
    optimiser = torch.optim.Adam(model.parameters(), settings.learning_rate)
    for _ in range(settings.steps):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimiser.step()
    return model, []
'''

_TASK = """name = "{name}"
title = "One line: what is compared"
version = 1  # raise it whenever results of before and after must not be compared
dataset = "mnist-binary"
objective = "cross-entropy"
methods = ["random", "gradient-change"]
metrics = ["log-odds-drop", "own-class-share-after"]
primary_metric = "log-odds-drop"
subset_sizes = [16]
repetitions = 1

[[targets]]
cell_type = "8"
outputs = ["3"]
"""

TEMPLATES = {
    "method": _METHOD,
    "dataset": _DATASET,
    "surrogate": _SURROGATE,
    "metric": _METRIC,
    "task": _TASK,
}


def write_plugin(kind: str, name: str, folder: Path) -> Path:
    """Write a file with a plug-in of that name; an existing file stays.

    Parameters
    ----------
    kind
        A key of `TEMPLATES`.
    name
        Lower-case words joined by hyphens, such as ``"distance-to-tss"``.
    folder
        Where to write it.

    Raises
    ------
    XbenchError
        An unknown kind, a name of another form, or a file that is there or cannot be written.
    """
    if kind not in TEMPLATES:
        raise unknown_name("kind", kind, TEMPLATES, "new")
    if not _NAME.fullmatch(name):
        raise XbenchError(
            f"{kind} name {name!r}: must be lower-case words joined by hyphens, such as my-{kind}"
        )
    file = f"{name}.toml" if kind == "task" else f"{name.replace('-', '_')}.py"
    path = folder / file
    if path.exists():
        raise XbenchError(f"{path}: is there already; choose another name or folder")
    class_name = "".join(word.capitalize() for word in name.split("-"))
    write_text(path, TEMPLATES[kind].format(name=name, class_name=class_name, year="2024"))
    return path
