"""SHAP by walks against the package, and against Shapley values from all subsets."""

from __future__ import annotations

import dataclasses
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from xbench.explainers.explainer import Budget
from xbench.registry.find import explainer_class

from ..slow_rest import rest_slow
from ..toys import LinearToy, make_problem, masked_by_hand

D = 6


class Squared(LinearToy):
    """The square of a weighted sum: features interact in pairs and no more."""

    def __init__(self) -> None:
        weight = np.random.default_rng(0).normal(size=(D, 1))
        super().__init__(weight, [4, 2], np.array([0.3]))

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        return super().tail(sums, outputs) ** 2

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) ** 2


def shapley(model: torch.nn.Module, row: np.ndarray, p: Any) -> np.ndarray:
    """What each feature adds to F, averaged over all sets of the others that are there."""

    def value(present: tuple[int, ...]) -> float:
        absent = sorted(set(range(D)) - set(present))
        with torch.no_grad():
            return model(torch.from_numpy(masked_by_hand(row[None], absent, p))).item()

    values = np.zeros(D)
    for feature in range(D):
        others = [other for other in range(D) if other != feature]
        for size in range(D):
            for present in combinations(others, size):
                gain = value((*present, feature)) - value(present)
                values[feature] += gain / (D * comb(D - 1, size))
    return values


def population() -> np.ndarray:
    generator = np.random.default_rng(1)
    x = (generator.random((4, D)) < 0.7).astype(np.float32)
    x[:, 2], x[3] = 0, 0
    return x


# Importing the package takes 10 s.
@pytest.mark.parametrize("name", rest_slow(["shap", "shap-reference"], 1))
@pytest.mark.parametrize("p", [0.0, np.array([0, 0, 0.5, 0, -1, 2], np.float32)], ids=["0", "p"])
def test_values_are_those_of_all_subsets(p: Any, name: str) -> None:
    # Where features interact in pairs, an order and its reverse give exact Shapley values.
    if name == "shap-reference":
        pytest.importorskip("shap")
    model, x = Squared(), population()
    exact = np.stack([shapley(model, row, p) for row in x])
    for signed in (True, False):
        problem = make_problem(model, x, 3, perturbation=p)
        scores = explainer_class(name)(signed=signed).explain(problem).scores
        wanted = (exact if signed else np.abs(exact)).mean(axis=0)
        np.testing.assert_allclose(scores, wanted, atol=1e-4)
        assert problem.counts.gradient == 0
    # Features that are p in a cell are no players: closed ones are worth nothing.
    if not np.any(p):
        assert scores[2] == 0


class Curved(Squared):
    """All features interact, and the number explained is not its loss."""

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        number = LinearToy.tail(self, sums, outputs)
        return torch.tanh(number) * torch.exp(number)

    def forward(self, x: Tensor) -> Tensor:
        return self.tail(self.additive_layer().sums(x))


# Ours against all subsets, above, stands for it: importing the package takes 10 s.
@pytest.mark.slow
@pytest.mark.parametrize("p", [0.0, np.array([0, 0, 0.5, 0, -1, 2], np.float32)], ids=["0", "p"])
@pytest.mark.parametrize("permutations", [1, 3])
@pytest.mark.parametrize("dense", [False, True], ids=["sums", "dense"])
def test_values_are_the_packages_own(p: Any, permutations: int, dense: bool) -> None:
    pytest.importorskip("shap")
    model = torch.nn.Sequential(Curved()) if dense else Curved()
    ours, theirs = (
        explainer_class(name)(permutations=permutations, signed=True)
        .explain(make_problem(model, population(), 3, perturbation=p, objective="cross-entropy"))
        .scores
        for name in ("shap", "shap-reference")
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert np.abs(theirs).max() > 0.1


def test_cells_and_orders_are_drawn_by_the_seed() -> None:
    model, x = LinearToy(np.ones((D, 1)), [D], np.zeros(1)), np.eye(D, dtype=np.float32)

    def scores(seed: int, **parameters: Any) -> np.ndarray:
        problem = make_problem(model, x, 3, seed=seed)
        return explainer_class("shap")(**parameters).explain(problem).scores

    # Each cell has one feature, whose value is 1: the scores say which cells were drawn.
    assert sorted(scores(0, cells=2).tolist()) == [0, 0, 0, 0, 0.5, 0.5]
    assert len({tuple(scores(seed, cells=2)) for seed in range(6)}) > 1
    np.testing.assert_array_equal(scores(3, cells=2), scores(3, cells=2))
    np.testing.assert_allclose(scores(0, cells=0), 1 / D)
    np.testing.assert_allclose(scores(0, permutations=3), 1 / D)


def test_each_cell_has_an_order_of_its_own() -> None:
    class Cubed(Squared):
        """Features interact in threes: an order and its reverse are an estimate."""

        def forward(self, x: Tensor) -> Tensor:
            return x.sum(dim=1, keepdim=True) * super().forward(x)

        def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
            raise AssertionError("evaluated by forward")

    # As any module: its sums do not tell what the features are.
    model, x = torch.nn.Sequential(Cubed()), np.ones((2, D), np.float32)

    def scores(seed: int, cells: int) -> np.ndarray:
        problem = make_problem(model, x, 3, seed=seed)
        return explainer_class("shap")(cells=cells, signed=True).explain(problem).scores

    assert not np.allclose(scores(0, 1), scores(1, 1))
    np.testing.assert_array_equal(scores(0, 1), scores(0, 1))
    # The two cells are the same, so that one order for both would give the same mean.
    assert not np.allclose(scores(0, 1), scores(0, 2))
    assert scores(0, 2).sum() == pytest.approx(scores(1, 2).sum(), abs=1e-3)


def test_it_stops_when_its_budget_is_spent() -> None:
    model, x = LinearToy(np.ones((D, 1)), [D], np.zeros(1)), np.eye(D, dtype=np.float32)
    problem = dataclasses.replace(make_problem(model, x, 3), budget=Budget(evaluations=5))
    selection = explainer_class("shap")().explain(problem)
    # Three evaluations a cell of one feature: two cells.
    assert sorted(selection.scores.tolist()) == [0, 0, 0, 0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"cells": -1}, "cells: must be at least 0, not -1"),
        ({"permutations": 0}, "permutations: must be more than 0, not 0"),
    ],
)
def test_wrong_parameters_are_named(parameters: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        explainer_class("shap")(**parameters)
