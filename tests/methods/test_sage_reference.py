"""The authors' package through our door, and ours against it."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import xbench
from xbench import Problem, Selection
from xbench.data.dataset import Target
from xbench.explainers.explainer import Budget
from xbench.mask.objective import OBJECTIVES
from xbench.registry.find import explainer_class
from xbench.surrogates.checkpoint import open_surrogate
from xbench.surrogates.obtain import train_surrogate
from xbench.testing.toys import peaks_problem, pixels_problem, random_surrogate

from ..toys import LinearToy, make_problem, random_inputs

sage = pytest.importorskip("sage")

D = 6


def reference(problem: Problem, **parameters: Any) -> Selection:
    return explainer_class("sage-reference")(**parameters).explain(problem)


def linear(seed: int = 0, subset_size: int = 3, **options: Any) -> tuple[Problem, np.ndarray]:
    weight = np.random.default_rng(0).normal(size=(D, 1))
    x = random_inputs(7, D, binary=False)
    model = LinearToy(weight, [D], np.array([3.0]))
    problem = make_problem(model, x, subset_size, seed=seed, **options)
    return problem, (x - problem.perturbation) * weight[:, 0]


def agree(ours: Selection, theirs: Selection, problem: Problem) -> None:
    """Scores of all but rare features, within five of the two standard errors together.

    Of a feature that few cells have the package, which draws some hundred cells, may see one cell
    or none, and then gives it an error that is far too small, or 0.
    """
    changes = problem.population.changing_pairs()
    rare = np.bincount(changes.indices, minlength=problem.n_features) < changes.shape[0] / 10
    errors = []
    for selection in (ours, theirs):
        by_feature = np.zeros(len(ours.scores))
        by_feature[selection.indices] = selection.details["standard_errors"]
        errors.append(by_feature)
    both = np.hypot(*errors)
    difference = ours.scores - theirs.scores
    assert (np.abs(difference) <= 5 * both + 1e-6)[~rare].all()
    noisy = (both > 1e-6) & ~rare
    assert noisy.sum() > 10
    assert 0.6 < (difference[noisy] / both[noisy]).std() < 1.4


@pytest.mark.parametrize("p", [0.0, 0.7])
def test_the_package_gives_the_values_of_a_linear_model(p: float) -> None:
    problem, effects = linear(perturbation=p)
    selection = reference(problem, permutations=2048, threshold=1e-6)
    # It draws cells with replacement, so it is only as exact as its draw.
    wanted, error = effects.mean(axis=0), effects.std(axis=0) / np.sqrt(2048)
    assert (np.abs(selection.scores - wanted) <= 5 * error + 1e-5).all()
    found = np.array(selection.details["standard_errors"])
    np.testing.assert_allclose(found, error[selection.indices], rtol=0.1, atol=1e-6)
    assert selection.indices.tolist() == np.argsort(-wanted)[:3].tolist()
    assert problem.counts.forward == 2048 * (D + 1)


def test_calls_of_one_batch_add_up_to_the_packages_own_estimate() -> None:
    problem, _ = linear(subset_size=D)
    selection = reference(problem, permutations=64, batch_size=64, threshold=1e-6)
    seed = int(problem.generator().integers(2**63))

    def losses(x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return problem.model(torch.from_numpy(x))[:, 0].numpy()

    estimator = sage.PermutationEstimator(
        sage.DefaultImputer(losses, problem.perturbation), "mse", random_state=seed
    )
    estimator.loss_fn = lambda given, labels: given
    x = problem.inputs
    plain = estimator(
        x,
        np.zeros(len(x)),
        batch_size=64,
        n_permutations=64,
        detect_convergence=False,
        bar=False,
    )
    np.testing.assert_allclose(selection.scores, -plain.values, rtol=1e-12)
    errors = np.array(selection.details["standard_errors"])
    np.testing.assert_allclose(errors, plain.std[selection.indices], rtol=1e-12)


def test_it_stops_when_it_has_converged_or_all_is_spent() -> None:
    problem, _ = linear()
    loose = reference(problem, threshold=0.2)
    tight = reference(linear()[0], threshold=0.05)
    assert loose.details["converged"]
    assert tight.details["converged"]
    assert loose.details["permutations"] < tight.details["permutations"]
    assert loose.details["relative_error"] < 0.2
    spent = reference(linear()[0], threshold=0.001, permutations=130)
    assert not spent.details["converged"]
    assert spent.details["permutations"] == 128
    limited = dataclasses.replace(linear()[0], budget=Budget(evaluations=150 * (D + 1)))
    assert reference(limited, threshold=0.001).details["permutations"] == 192
    assert limited.budget.stopped


def test_ours_agrees_with_it_for_peaks_and_for_pixels() -> None:
    for make in (lambda seed: peaks_problem(random_surrogate(), 24, seed), pixels_25):
        ours = explainer_class("sage")(permutations=320, threshold=1e-6).explain(make(0))
        theirs = reference(make(1), permutations=1024, threshold=1e-6)
        agree(ours, theirs, make(0))


def pixels_25(seed: int) -> Problem:
    return pixels_problem(25, seed)


@pytest.mark.slow
def test_ours_agrees_with_it_on_mnist(tmp_path: Path) -> None:
    dataset = xbench.load_dataset("mnist-binary")
    trained = train_surrogate(dataset, folder=tmp_path / "surrogate")
    surrogate = open_surrogate(trained, dataset)
    x = dataset.X[dataset.rows("8", "train")]
    names = dataset.output_features.names.tolist()
    target = Target("8", "3", names.index("8"), contrast=names.index("3"))

    def problem(seed: int) -> Problem:
        return make_problem(
            surrogate.model, x, 784, target=target, objective="cross-entropy", seed=seed
        )

    ours = explainer_class("sage")().explain(problem(0))
    theirs = reference(problem(1))
    assert ours.details["converged"]
    assert theirs.details["converged"]
    agree(ours, theirs, problem(0))
    # The package has 5% of the range as an interval: most of the first 64 are the same.
    assert len(set(ours.indices[:64]) & set(theirs.indices[:64])) >= 56


class TestSkips:
    def test_large_inputs(self) -> None:
        method = explainer_class("sage-reference")
        problem, _ = linear()
        assert method(most_features=D).skip(problem) is None
        reason = method(most_features=D - 1).skip(problem)
        assert reason.startswith("6 features")
        assert "most_features is 5" in reason

    def test_losses_of_more_than_the_output_explained(self) -> None:
        problem, _ = linear()
        objective = dataclasses.replace(OBJECTIVES["expression-on-target"], beta=1.0)
        on_target = dataclasses.replace(problem, objective=objective)
        assert "Eq. 11" in explainer_class("sage-reference")().skip(on_target)

    def test_where_the_package_is_absent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        problem, _ = linear()
        method = explainer_class("sage-reference")()
        monkeypatch.setattr(sys, "path", [])
        assert "pip install sage-importance" in method.skip(problem)


def test_any_module_with_the_loss_of_a_class() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(D, 5), nn.Tanh(), nn.Linear(5, 2)).requires_grad_(False)
    x = random_inputs(7, D, binary=False)
    problem = make_problem(
        model, x, D, target=Target("8", "3", 1, contrast=0), objective="cross-entropy"
    )
    selection = reference(problem, permutations=512, threshold=1e-6)
    # What masking everything takes off each cell's loss; the package draws 512 of these.
    falls = -problem.population.walk(np.tile(np.arange(D), (7, 1))).sum(axis=1).A1
    error = falls.std() / np.sqrt(512)
    assert selection.scores.sum() == pytest.approx(falls.mean(), abs=4 * error)
    assert error < 0.2 * abs(falls.mean())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"batch_size": 1}, "batch_size: must be at least 2, not 1"),
        ({"permutations": 63}, "batch_size 64 must be at most permutations 63"),
        ({"most_features": 0}, "most_features: must be more than 0, not 0"),
        ({"threshold": 1.0}, "threshold: must be less than 1, not 1.0"),
    ],
)
def test_parameters_out_of_range(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        explainer_class("sage-reference")(**parameters)
