"""A surrogate trained again without a subset, and a method asked again with random weights."""

import copy
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy import sparse
from torch import nn

from xbench.benchmark.answer import answer
from xbench.benchmark.plan import RunKey
from xbench.benchmark.request import RunContext, Study, StudyNames
from xbench.data.dataset import Dataset, Target
from xbench.data.load import DataChoice
from xbench.errors import XbenchError
from xbench.registry.find import find
from xbench.surrogates.checkpoint import OpenedSurrogate
from xbench.surrogates.evaluation.fit import classification_fit
from xbench.surrogates.obtain import recipe_of
from xbench.surrogates.surrogate import Surrogate
from xbench.utils.apart import run_apart
from xbench.utils.process import one_thread


def retrained(
    dataset: Dataset, surrogate: OpenedSurrogate, target: Target, indices: np.ndarray, key: RunKey
) -> tuple[float, float]:
    """Return how well a surrogate of this kind does on test cells, without and with a mask.

    Both are trained from the same seed on the same cells, the second where the subset is masked to
    0 in every cell.

    Returns
    -------
    tuple of float
        Accuracies, 0 to 1; of numbers R2 of the target.
    """
    recipe = recipe_of(surrogate.name.partition(",")[0])
    rows = dataset.training_rows(key.split)
    scores = []
    for data in (dataset, _without(dataset, indices)):
        with one_thread():
            model, _ = recipe.train(data, recipe.settings, seed=0, train_rows=rows)
        scores.append(_score(model.frozen(), data, target))
    return scores[0], scores[1]


def _without(dataset: Dataset, indices: np.ndarray) -> Dataset:
    inputs = dataset.inputs.copy()
    if sparse.issparse(inputs.X):
        kept = np.ones(dataset.n_features, dtype=np.float32)
        kept[indices] = 0
        inputs.X = sparse.csr_matrix(inputs.X @ sparse.diags(kept, dtype=np.float32))
    else:
        inputs.X[:, indices] = 0
    return replace(dataset, inputs=inputs)


def _score(model: Surrogate, dataset: Dataset, target: Target) -> float:
    if dataset.Y is None:
        return classification_fit(model, dataset)["test_accuracy"]
    rows = dataset.rows(target.cell_type, "test")
    measured = dataset.Y[rows][:, [target.output]].toarray()[:, 0].astype(np.float64)
    inputs = dataset.X[rows]
    dense = inputs.toarray() if sparse.issparse(inputs) else inputs
    with torch.no_grad():
        outputs = model(torch.from_numpy(np.array(dense, dtype=np.float32)))
    predicted = outputs[:, target.output].numpy()
    return float(
        1 - ((measured - predicted) ** 2).sum() / ((measured - measured.mean()) ** 2).sum()
    )


def with_random_weights(surrogate: OpenedSurrogate, seed: int = 0) -> OpenedSurrogate:
    """Return a surrogate of the same form whose weights are drawn anew, as before a training.

    Raises
    ------
    XbenchError
        Of a model without weights that can be drawn.
    """
    model = surrogate.model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if isinstance(model, Surrogate):
            return surrogate._replace(model=type(model)(**model.configuration()).frozen())
        module = model.module
        drawn = copy.deepcopy(module) if module is not None else nn.Module()
        layers = [one for one in drawn.modules() if hasattr(one, "reset_parameters")]
        if not layers:
            raise XbenchError(
                f"model {surrogate.name}: has no weights that could be drawn at random"
            )
        for layer in layers:
            layer.reset_parameters()  # type: ignore[operator]
    return surrogate._replace(model=model.with_module(drawn))


def chosen_on_random_weights(
    dataset: Dataset, surrogate: OpenedSurrogate, key: RunKey
) -> np.ndarray:
    """Return what a method selects where the surrogate has random weights.

    Raises
    ------
    XbenchError
        Where it gives no selection there.
    """
    names = StudyNames(dataset.name, dataset.digest, surrogate.name, "", dataset.n_features)
    context = RunContext(DataChoice(held=dataset), Path(), Path(), "cpu", names)
    study = Study(context, dataset, with_random_weights(surrogate))
    entry = find("method", key.method_name)
    end = run_apart(partial(answer, study, entry, key, None, True))
    found = json.loads(end.answer) if end.answer else {"status": "failed", "reason": end.reason}
    if found["status"] != "ok":
        raise XbenchError(
            f"method {key.method}: gives no selection on random weights ({found['reason']})"
        )
    return np.array(found["indices"], dtype=np.int64)
