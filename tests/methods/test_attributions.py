"""Integrated gradients, GradientSHAP, DeepLIFT and signed saliency against their definitions."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from xbench import Problem
from xbench.data.dataset import Target
from xbench.explainers.attribution import masking_lowers
from xbench.explainers.explainer import Budget
from xbench.surrogates.mlp_classifier import MLPClassifier

from ..toys import (
    InteractingToy,
    LinearToy,
    make_problem,
    messy_csr,
    random_cross_modality,
    random_inputs,
)
from .near_a_gene import method

SIZES = [5, 4]
D, N = sum(SIZES), 7
CLASS = Target("8", "3", 1, contrast=0)
P = np.linspace(-0.4, 0.8, D).astype(np.float32)


def posed(model: nn.Module, p: Any = 0.0, **options: Any) -> tuple[np.ndarray, Problem]:
    x = random_inputs(N, D, seed=3, binary=False)
    return x, make_problem(model, messy_csr(x), 4, perturbation=p, **options)


def classifier() -> MLPClassifier:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MLPClassifier(D, 6, 2).frozen()  # type: ignore[return-value]


def number(model: nn.Module, x: Tensor, classes: bool = False) -> Tensor:
    outputs = model(x)
    return outputs[:, 1] - outputs[:, 0] if classes else outputs[:, 0]


def integral(model: nn.Module, x: np.ndarray, p: Any, points: int) -> np.ndarray:
    """(x - p) times the mean gradient on the way from p to x, by the midpoint rule."""
    start = torch.from_numpy(np.broadcast_to(np.float32(p), x.shape).copy())
    way = torch.from_numpy(x) - start
    at = (torch.arange(points) + 0.5) / points
    leaf = (start + at[:, None, None] * way).flatten(0, 1).requires_grad_()
    (gradients,) = torch.autograd.grad(number(model, leaf).sum(), leaf)
    return (way * gradients.reshape(points, *way.shape).mean(dim=0)).numpy()


class Saturated(LinearToy):
    """F = min(1, x_0 + x_1) + x_2 / 4: with both of the first open, neither has a gradient."""

    def __init__(self) -> None:
        super().__init__(np.eye(4), [4], np.zeros(4))

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        x = super().tail(sums)
        return ((x[:, 0] + x[:, 1]).clamp_max(1) + x[:, 2] / 4)[:, None]

    def forward(self, x: Tensor) -> Tensor:
        return self.tail(x[:, None])


# Integrated gradients


@pytest.mark.parametrize("p", [0.0, P])
@pytest.mark.parametrize("signed", [True, False])
def test_integrated_gradients_are_the_integral(p: Any, signed: bool) -> None:
    model = InteractingToy(SIZES, 1)
    x, problem = posed(model, p)
    selection = method("integrated-gradients", signed=signed).explain(problem)
    wanted = integral(model, x, p, points=400)
    wanted = (wanted if signed else np.abs(wanted)).mean(axis=0)
    np.testing.assert_allclose(selection.scores, wanted, rtol=1e-3, atol=1e-4)
    assert selection.indices.tolist() == np.argsort(-wanted, kind="stable")[:4].tolist()
    assert (problem.counts.forward, problem.counts.gradient) == (32 * N, 32 * N)


@pytest.mark.parametrize("p", [0.0, P])
@pytest.mark.parametrize("signed", [True, False])
def test_integrated_gradients_are_those_of_captum(p: Any, signed: bool) -> None:
    ours, theirs = (
        method(name, signed=signed).explain(posed(InteractingToy(SIZES, 1), p)[1])
        for name in ("integrated-gradients", "integrated-gradients-reference")
    )
    np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-4, atol=1e-5)
    assert ours.indices.tolist() == theirs.indices.tolist()


@pytest.mark.parametrize("name", ["integrated-gradients", "deeplift"])
@pytest.mark.parametrize("p", [0.0, P])
def test_attributions_are_complete(name: str, p: Any) -> None:
    # Of each cell alone: they sum to F(x) - F(p).
    model, options = classifier(), {}
    if name == "integrated-gradients":
        options = {"steps": 100}  # over the kinks
    x = random_inputs(N, D, seed=3, binary=False)
    for row in (1, 2, 5):
        problem = make_problem(model, x[row : row + 1], 4, target=CLASS, perturbation=p)
        assert method(name).skip(problem) is None
        scores = method(name, **options).explain(problem).scores
        ends = torch.from_numpy(np.stack([x[row], problem.perturbation]))
        with torch.no_grad():
            first, last = number(model, ends, classes=True).tolist()
        assert scores.sum() == pytest.approx(first - last, rel=5e-3, abs=5e-3)


def test_integrated_gradients_see_what_is_saturated() -> None:
    ones = np.ones((2, 4), np.float32)
    by_gradient = method("gradient-change").explain(make_problem(Saturated(), ones, 2))
    assert by_gradient.indices[0] == 2
    found = method("integrated-gradients").explain(make_problem(Saturated(), ones, 2))
    assert sorted(found.indices.tolist()) == [0, 1]
    # Half of the way each of the two has its gradient of 1.
    np.testing.assert_allclose(found.scores, [0.5, 0.5, 0.25, 0], atol=0.03)


def test_a_budget_leaves_the_cells_seen_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xbench.explainers.attribution.PATH_CELLS", 2)
    model = InteractingToy(SIZES, 1)
    x, problem = posed(model)
    problem = dataclasses.replace(problem, budget=Budget(evaluations=1))
    scores = method("integrated-gradients").explain(problem).scores
    np.testing.assert_allclose(
        scores, integral(model, x[:2], 0.0, 400).mean(axis=0), rtol=1e-3, atol=1e-4
    )
    assert problem.budget.stopped


# GradientSHAP


@pytest.mark.parametrize("p", [0.0, P])
def test_gradient_shap_estimates_the_same_integral(p: Any) -> None:
    model = InteractingToy(SIZES, 1)
    x, problem = posed(model, p)
    scores = method("gradient-shap", samples=300).explain(problem).scores
    wanted = integral(model, x, p, points=400).mean(axis=0)
    # Gradients at random points deviate by less than 1, over 2,100 of them.
    np.testing.assert_allclose(scores, wanted, atol=4 / np.sqrt(300 * N))
    once = method("gradient-shap", samples=1).explain(posed(model, p)[1]).scores
    assert np.abs(once - wanted).max() > 4 / np.sqrt(300 * N)
    assert (problem.counts.forward, problem.counts.gradient) == (300 * N, 300 * N)


def test_gradient_shap_depends_on_nothing_but_the_seed() -> None:
    model = InteractingToy(SIZES, 1)

    def scores(seed: int) -> np.ndarray:
        return method("gradient-shap", samples=2).explain(posed(model, seed=seed)[1]).scores

    first = scores(3)
    np.random.default_rng(0).random()
    np.testing.assert_array_equal(first, scores(3))
    assert not np.array_equal(first, scores(4))
    assert not np.array_equal(first, scores(2**63 - 1))


# DeepLIFT


def test_deeplift_by_hand() -> None:
    # F = relu(x_0 + x_1 - 1) + 2 relu(x_2): both relus start at 0, and the first ends at 1 while
    # its input rises by 2, so that x_0 and x_1 have half of it each.
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 1, 0], [0, 0, 1]]))
        model[0].bias.copy_(torch.tensor([-1.0, 0]))
        model[2].weight.copy_(torch.tensor([[1.0, 2.0]]))
    problem = make_problem(model.requires_grad_(False), np.ones((1, 3), np.float32), 1)
    assert method("deeplift").skip(problem) is None
    scores = method("deeplift").explain(problem).scores
    np.testing.assert_allclose(scores, [0.5, 0.5, 2.0], rtol=1e-5)


def test_deeplift_refuses_what_the_package_has_no_rule_for() -> None:
    model = random_cross_modality([6, 10, 8]).frozen()
    problem = make_problem(model, random_inputs(7, 24), 3)
    reason = method("deeplift").skip(problem)
    assert reason is not None
    assert "no rule" in reason
    # A population that is all p has nothing to be missed.
    nothing = make_problem(classifier(), np.zeros((2, D), np.float32), 3, target=CLASS)
    assert method("deeplift").skip(nothing) is None


def test_deeplift_leaves_no_hook_behind() -> None:
    model = classifier()
    _, problem = posed(model, target=CLASS)
    method("deeplift").explain(problem)
    for module in [problem.model, *model.modules()]:
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not module._backward_hooks


# Signs


@pytest.mark.parametrize("name", ["saliency", "smoothgrad"])
@pytest.mark.parametrize("p", [0.0, P])
def test_signed_saliency_is_the_mean_gradient_towards_p(name: str, p: Any) -> None:
    model = InteractingToy(SIZES, 1)
    x, problem = posed(model, p)
    options = {"noise": 0.0, "samples": 2} if name == "smoothgrad" else {}
    scores = method(name, signed=True, **options).explain(problem).scores
    leaf = torch.tensor(x, requires_grad=True)
    (gradient,) = torch.autograd.grad(model(leaf)[:, 0].sum(), leaf)
    direction = np.sign(x.mean(axis=0) - p)
    assert 0 in direction or p is P
    np.testing.assert_allclose(scores, gradient.numpy().mean(axis=0) * direction, rtol=1e-4)
    np.testing.assert_array_equal(masking_lowers(problem), direction)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_where_masking_has_no_direction_signs_are_refused(dtype: Any) -> None:
    x = random_inputs(N, D, seed=3, binary=False).astype(dtype)
    problem = make_problem(InteractingToy(SIZES, 1), x, 4, perturbation=x.mean(axis=0))
    assert not masking_lowers(problem).any()
    for name in ("saliency", "smoothgrad"):
        said = method(name, signed=True).skip(problem)
        assert said is not None
        assert "neither lowers nor raises" in said
        assert method(name).skip(problem) is None
    problem = make_problem(InteractingToy(SIZES, 1), x, 4)
    assert method("saliency", signed=True).skip(problem) is None


def test_signs_tell_what_raises_from_what_lowers() -> None:
    model = LinearToy(np.array([[-3.0], [2.0], [1.0]]), [3], np.zeros(1))
    problem = make_problem(model, np.ones((2, 3), np.float32), 1)
    assert method("saliency").explain(problem).indices.tolist() == [0]
    assert method("saliency", signed=True).explain(problem).indices.tolist() == [1]
    assert method("integrated-gradients", signed=False).explain(problem).indices.tolist() == [0]
    assert method("integrated-gradients").explain(problem).indices.tolist() == [1]
    assert method("gradient-shap", signed=False).explain(problem).indices.tolist() == [0]
    assert method("gradient-shap").explain(problem).indices.tolist() == [1]
    assert method("deeplift", signed=False).explain(problem).indices.tolist() == [0]
    assert method("deeplift").explain(problem).indices.tolist() == [1]


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("integrated-gradients", {"steps": 0}, "steps: must be more than 0, not 0"),
        ("gradient-shap", {"samples": 0}, "samples: must be more than 0, not 0"),
        ("gradient-shap", {"noise": -1.0}, "noise: must be at least 0, not -1.0"),
        ("smoothgrad", {"samples": 0}, "samples: must be more than 0, not 0"),
        ("smoothgrad", {"noise": -0.5}, "noise: must be at least 0, not -0.5"),
    ],
)
def test_wrong_parameters_are_named(name: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        method(name, **parameters)
