"""Saliency, SmoothGrad and gradient-change against formulas spelt out with autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import Saliency

from xbench import Problem
from xbench.data.dataset import Target
from xbench.registry.find import explainer_class
from xbench.surrogates.mlp_classifier import MLPClassifier

from ..toys import InteractingToy, LinearToy, make_problem, messy_csr, random_inputs

SIZES = [5, 4]
D = sum(SIZES)
CLASS = Target("8", "3", 1, contrast=0)


def method(name: str, **parameters: Any) -> Any:
    return explainer_class(name)(**parameters)


def gradients_by_hand(model: torch.nn.Module, x: np.ndarray, classes: bool) -> np.ndarray:
    """One backward pass a cell."""
    rows = []
    for row in x:
        leaf = torch.tensor(row[None], requires_grad=True)
        out = model(leaf)[0]
        (out[1] - out[0] if classes else out[0]).backward()
        assert leaf.grad is not None
        rows.append(leaf.grad[0].numpy())
    return np.stack(rows)


def cases() -> list[Any]:
    torch.manual_seed(0)
    classifier = MLPClassifier(D, 6, 2).frozen()
    interacting = InteractingToy(SIZES, 1)
    plain = torch.nn.Sequential(torch.nn.Linear(D, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    return [
        pytest.param(classifier, True, id="classifier"),
        pytest.param(interacting, False, id="additive"),
        pytest.param(plain, False, id="any module"),
    ]


def posed(model: torch.nn.Module, classes: bool, **options: Any) -> tuple[np.ndarray, Problem]:
    x = random_inputs(7, D, seed=3, binary=False)
    target = CLASS if classes else Target("all", "gene", 0)
    return x, make_problem(model, messy_csr(x), 4, target=target, **options)


def test_the_toy_models_leave_torch_alone() -> None:
    state = torch.random.get_rng_state()
    InteractingToy(SIZES, 1)
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize(("model", "classes"), cases())
def test_saliency_is_the_mean_absolute_gradient(model: torch.nn.Module, classes: bool) -> None:
    x, problem = posed(model, classes)
    selection = method("saliency").explain(problem)
    wanted = np.abs(gradients_by_hand(model, x, classes)).mean(axis=0)
    np.testing.assert_allclose(selection.scores, wanted, rtol=1e-5, atol=1e-7)
    assert selection.indices.tolist() == np.argsort(-wanted, kind="stable")[:4].tolist()
    assert selection.ordered
    assert selection.nested
    assert (problem.counts.forward, problem.counts.gradient) == (7, 7)


def test_saliency_in_chunks_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model = InteractingToy(SIZES, 1)
    whole = method("saliency").explain(posed(model, False)[1]).scores
    monkeypatch.setattr("xbench.mask.dense.CHUNK", 2 * D)
    problem = posed(model, False)[1]
    assert [len(part) for part in problem.dense_inputs()] == [2, 2, 2, 1]
    np.testing.assert_allclose(method("saliency").explain(problem).scores, whole, rtol=1e-5)


@pytest.mark.parametrize(("model", "classes"), cases())
def test_smoothgrad_without_noise_is_saliency(model: torch.nn.Module, classes: bool) -> None:
    x, problem = posed(model, classes)
    smooth = method("smoothgrad", samples=3, noise=0.0).explain(problem)
    wanted = np.abs(gradients_by_hand(model, x, classes)).mean(axis=0)
    np.testing.assert_allclose(smooth.scores, wanted, rtol=1e-5, atol=1e-7)
    assert (problem.counts.forward, problem.counts.gradient) == (21, 21)


def test_smoothgrad_averages_saliency_over_gaussian_copies() -> None:
    model = InteractingToy(SIZES, 1)
    x, problem = posed(model, False)
    scores = method("smoothgrad", samples=400, noise=0.5).explain(problem).scores
    generator = torch.Generator().manual_seed(9)
    noisy = torch.tensor(x).repeat(400, 1)
    noisy = noisy + 0.5 * torch.randn(noisy.shape, generator=generator)
    wanted = Saliency(model).attribute(noisy.requires_grad_(), target=0, abs=True)
    # Two estimates from 2,800 noisy cells each.
    error = wanted.std(dim=0).numpy() * np.sqrt(2 / 2800)
    assert (np.abs(scores - wanted.mean(dim=0).numpy()) < 5 * error).all()
    # Noise matters here: this is not plain saliency.
    plain = method("saliency").explain(posed(model, False)[1]).scores
    assert (np.abs(scores - plain) > 5 * error).any()


def test_smoothgrad_depends_on_nothing_but_the_seed() -> None:
    model = InteractingToy(SIZES, 1)

    def scores(seed: int) -> np.ndarray:
        return method("smoothgrad", samples=2).explain(posed(model, False, seed=seed)[1]).scores

    torch.manual_seed(1)
    first = scores(3)
    torch.manual_seed(2)
    np.testing.assert_array_equal(first, scores(3))
    assert not np.array_equal(first, scores(4))


def test_smoothgrad_takes_the_largest_seed_there_is() -> None:
    problem = posed(InteractingToy(SIZES, 1), False, seed=2**64 - 1)[1]
    assert len(method("smoothgrad", samples=1).explain(problem).indices) == 4


@pytest.mark.parametrize("p", [0.0, 0.7, "means"])
def test_gradient_change_is_exact_for_a_linear_model(p: Any) -> None:
    generator = np.random.default_rng(0)
    x = random_inputs(6, D, binary=False)
    weight = generator.normal(size=(D, 2))
    perturbation = x.mean(axis=0) if p == "means" else p
    problem = make_problem(LinearToy(weight, SIZES, np.zeros(2)), x, 3, perturbation=perturbation)
    selection = method("gradient-change").explain(problem)
    # The highest score is the largest fall: minus the mean of (p - x) w.
    wanted = -((perturbation - x) * weight[:, 0]).mean(axis=0)
    np.testing.assert_allclose(selection.scores, wanted, rtol=1e-4, atol=1e-6)
    if p != "means":  # at the means nothing changes to first order
        assert selection.indices.tolist() == np.argsort(-wanted)[:3].tolist()
    assert (problem.counts.forward, problem.counts.gradient) == (6, 6)


@pytest.mark.parametrize("p", [0.0, 0.7])
def test_gradient_change_follows_the_loss_and_its_sign(p: float) -> None:
    torch.manual_seed(0)
    model = MLPClassifier(D, 6, 2).frozen()
    x, problem = posed(model, True, objective="cross-entropy", perturbation=p)
    with torch.no_grad():
        out = model(torch.tensor(x)).numpy()
    slope = 1 / (1 + np.exp(out[:, 0] - out[:, 1]))
    change = slope[:, None] * gradients_by_hand(model, x, True) * (p - x)
    scores = method("gradient-change").explain(problem).scores
    np.testing.assert_allclose(scores, -change.mean(axis=0), rtol=1e-4, atol=1e-6)
