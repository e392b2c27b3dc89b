"""FIMAP's flips and moves on cases whose answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from xbench.data.dataset import Target
from xbench.explainers.learning import FirstOrder, PricedLearning, learn
from xbench.explainers.perturbation_network import Flips, Moves
from xbench.registry.find import explainer_class
from xbench.surrogates.mlp_classifier import MLPClassifier

from ..toys import LinearToy, make_problem, random_inputs

D = 20
TRUE = [3, 8, 11, 17]


def fimap(**parameters: Any) -> Any:
    return explainer_class("fimap")(**{"steps": 150, "batch_size": 0, **parameters})


def binary_toy() -> LinearToy:
    """Four features that matter, some that matter little, some whose masking raises the output."""
    weight = np.random.default_rng(0).uniform(-0.3, 0.3, D)
    weight[TRUE] = [2.0, 2.5, 3.0, 2.2]
    return LinearToy(weight[:, None], [12, 8], np.zeros(1))


def test_true_features_come_first_and_as_many_flip_as_are_wanted() -> None:
    cells = np.ones((12, D), np.float32)
    selection = fimap().explain(make_problem(binary_toy(), cells, len(TRUE)))
    assert sorted(selection.indices.tolist()) == TRUE
    # Every feature is open in every cell, so masking L features is L flips a cell.
    assert selection.trace[-1]["size"] == pytest.approx(len(TRUE), rel=0.15)
    assert selection.scores is not None
    assert selection.scores[TRUE].min() > 0.7
    assert np.delete(selection.scores, TRUE).max() < 0.3


def test_a_feature_flips_only_where_it_is_open() -> None:
    generator = np.random.default_rng(1)
    cells = (generator.random((40, D)) < np.linspace(0.2, 1, D)).astype(np.float32)
    cells[:, 5] = 0
    problem = make_problem(binary_toy(), cells, len(TRUE))
    selection = fimap(batch_size=16).explain(problem)
    assert sorted(selection.indices.tolist()) == TRUE
    rates = cells.mean(axis=0)
    assert selection.scores is not None
    assert (selection.scores <= rates + 1e-6).all()
    assert selection.scores[5] == 0
    # What is aimed at is what masking the true features does: fewer flips where they are closed.
    flips = Flips(problem, np.array(TRUE), 1.0, 1.0)
    assert flips.size == pytest.approx(rates[TRUE].sum())
    assert selection.trace[-1]["size"] == pytest.approx(rates[TRUE].sum(), rel=0.25)


def test_the_score_is_the_mean_probability_to_flip(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = random_inputs(7, D)
    problem = make_problem(binary_toy(), cells, 3)
    flips = Flips(problem, np.array(TRUE), 1.0, 1.0)
    with torch.no_grad():
        flips._network.last.normal_(generator=torch.Generator().manual_seed(0))
    # A cell alone flips with the network's probabilities.
    alone = np.zeros((7, D))
    for row in range(7):
        changes = flips._changes[[row]]
        logits = flips._network.at_entries(changes).detach().numpy()
        alone[row, flips._features[changes.indices]] = 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(flips.scores(), alone.mean(axis=0), rtol=1e-4)
    assert flips.scores().max() > 0
    monkeypatch.setattr("xbench.explainers.perturbation_network.CHUNK", 2)
    np.testing.assert_allclose(flips.scores(), alone.mean(axis=0), rtol=1e-4)


def test_flips_go_to_any_p() -> None:
    # With p = 1 masking opens what is closed: feature 1, whose weight is negative, lowers most.
    model = LinearToy(np.array([[1.0], [-3.0], [0.5], [-1.0]]), [4], np.zeros(1))
    cells = np.zeros((6, 4), np.float32)
    cells[:, 0] = 1
    selection = fimap(steps=75).explain(make_problem(model, cells, 1, perturbation=1.0))
    assert selection.indices.tolist() == [1]
    assert selection.scores is not None
    assert selection.scores[0] == 0


def images(n: int = 12) -> np.ndarray:
    """Grey images whose last four pixels are always empty."""
    x = np.random.default_rng(2).uniform(0.4, 0.9, (n, 9)).astype(np.float32)
    x[:, 5:] = 0
    return x


def test_moves_may_paint_where_masking_can_only_clear() -> None:
    # Pixel 6 is empty: painting it lowers the output most, and masking it does nothing.
    weight = np.array([0.1, 1.0, 0.2, -0.5, 0.1, 0.0, -3.0, 0.1, 0.0])
    problem = make_problem(LinearToy(weight[:, None], [9], np.zeros(1)), images(), 1)
    assert fimap(steps=75).explain(problem).indices.tolist() == [6]
    assert fimap(steps=75, perturbation="flips").explain(problem).indices.tolist() == [1]


def test_moves_stay_in_the_range_of_the_data_and_are_as_large_as_masking() -> None:
    weight = np.array([1.0, 2.0, 0.1, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0])
    x = images()
    problem = make_problem(LinearToy(weight[:, None], [9], np.zeros(1)), x, 1)
    moves = Moves(problem, np.array([1]))
    assert moves.size == pytest.approx(x[:, 1].mean(), rel=1e-5)
    with torch.no_grad():
        moves._network.last[:] = -100.0
    losses, size = (part.detach() for part in moves.trial(np.arange(4)))
    # Everything is moved below the range and stops at its lower end, 0.
    np.testing.assert_allclose(losses.numpy(), 0, atol=1e-6)
    added = moves._network(torch.from_numpy(x)).detach().abs()
    assert float(size) == pytest.approx(float(added[:4].sum(dim=1).mean()), rel=1e-5)
    np.testing.assert_allclose(moves.scores(), added.mean(dim=0).numpy(), rtol=1e-5)
    selection = fimap().explain(problem)
    assert selection.indices.tolist() == [1]
    assert selection.trace[-1]["size"] == pytest.approx(moves.size, rel=0.2)


def test_a_class_is_left_by_cross_entropy() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = MLPClassifier(9, 6, 2).frozen()
    x = images()
    target = Target("8", "3", 1, contrast=0)
    problem = make_problem(model, x, 2, target=target, objective="cross-entropy")
    moves = Moves(problem, np.array([0]))
    losses = moves.trial(np.arange(12))[0]
    wanted = -torch.log_softmax(model(torch.from_numpy(x)), dim=1)[:, 0]
    np.testing.assert_allclose(losses.detach().numpy(), wanted.numpy(), rtol=1e-5)
    settings = PricedLearning(moves.size, 60, 0, 6e-4, start_factor=1.0)
    learn(problem, settings, FirstOrder.of(problem), moves)
    assert float(moves.trial(np.arange(12))[0].detach().mean()) < float(wanted.mean())


def test_binary_inputs_are_flipped_others_moved() -> None:
    model = LinearToy(np.ones((9, 1)), [9], np.zeros(1))
    kinds = [fimap()._kind(make_problem(model, x, 1)) for x in (images(), images() > 0)]
    assert kinds == ["moves", "flips"]
    assert fimap(perturbation="moves")._kind(make_problem(model, images() > 0, 1)) == "moves"
    with pytest.raises(ValueError, match="must be 'auto', 'flips' or 'moves', not 'jumps'"):
        fimap(perturbation="jumps")
