"""ROAR and random weights: known answers where a model must lose, and where a method is blind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import xbench
from xbench.benchmark.model_checks import retrained, with_random_weights
from xbench.benchmark.own_task import own_task
from xbench.benchmark.plan import expand
from xbench.benchmark.rescore import rescore
from xbench.benchmark.task import load_task
from xbench.data.arrays import dataset_of
from xbench.errors import XbenchError
from xbench.metrics import METRICS
from xbench.results.store import ResultStore
from xbench.surrogates import mlp_regressor
from xbench.surrogates.checkpoint import OpenedSurrogate
from xbench.surrogates.mlp_classifier import MLPClassifier
from xbench.surrogates.obtain import obtain
from xbench.surrogates.own_model import black_box

from .workbench import cache, own_folders

__all__ = ["cache", "own_folders"]


@pytest.mark.parametrize("kind", ["numbers", pytest.param("classes", marks=pytest.mark.slow)])
def test_without_the_only_feature_that_tells_nothing_can_be_learned(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of numbers, four trainings of a tenth of the steps that are ten times as long.
    quick = replace(mlp_regressor.SETTINGS, steps=200, learning_rate=1e-2)
    monkeypatch.setattr(mlp_regressor, "SETTINGS", quick)
    x = np.random.default_rng(0).normal(size=(600, 4)).astype(np.float32)
    y = np.where(x[:, 2] > 0, "up", "down") if kind == "classes" else 50 + 10 * x[:, 2]
    dataset = dataset_of(x, y, name=f"toy-{kind}")
    name = dataset.default_surrogate
    surrogate = OpenedSurrogate(MLPClassifier(4, 4, 2).frozen(), name, "")
    task = own_task(dataset, surrogate, targets=["up:down"] if kind == "classes" else ["0"])
    key = expand(task)[0]
    target = dataset.target(key.cell_type, key.target)
    before, after = retrained(dataset, surrogate, target, np.array([2]), key)
    assert before > 0.9
    assert after < (0.65 if kind == "classes" else 0.1)
    same, other = retrained(dataset, surrogate, target, np.array([0]), key)
    assert same == before
    assert other > 0.85


def test_random_weights_are_others_and_the_same_again() -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    x = torch.ones(2, 4)
    for model in (MLPClassifier(4, 4, 2).frozen(), black_box(net).frozen()):
        own = OpenedSurrogate(model, "mine", "")
        first, again = (with_random_weights(own).model(x) for _ in range(2))
        assert torch.equal(first, again)
        assert not torch.allclose(first, model(x))
    with pytest.raises(XbenchError, match="has no weights"):
        with_random_weights(OpenedSurrogate(black_box(lambda x: x), "mine", ""))


def test_a_method_that_does_not_heed_the_model_chooses_the_same(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "store")
    names = ["random", "gradient-change"]
    xbench.run("quick", methods=names, store=store.folder)
    task, dataset = load_task("quick"), xbench.load_dataset("mnist-binary")
    surrogate = obtain(dataset).opened
    done = rescore(
        store,
        ["randomised-overlap", "value-drop"],
        store.records(),
        dataset,
        surrogate,
        {"quick": task},
    )
    by_method = {
        record.method: done.values["randomised-overlap", record.run_id]
        for record in store.records()
    }
    assert by_method["random"] == 1
    assert by_method["gradient-change"] is not None
    assert by_method["gradient-change"] < 0.8
    drops = [done.values["value-drop", record.run_id] for record in store.records()]
    own = [record.metrics["log-odds-drop"] for record in store.records()]
    assert drops == pytest.approx(own, rel=1e-5)
    again = rescore(store, ["value-drop"], store.records(), dataset, surrogate, {"quick": task})
    assert (len(again.values), again.known) == (0, 2)
    other = surrogate._replace(digest="another")
    left = rescore(store, ["value-drop"], store.records(), dataset, other, {"quick": task})
    assert left.left_out == {"of another surrogate (mlp-classifier)": 2}
    assert METRICS["roar"].dear
