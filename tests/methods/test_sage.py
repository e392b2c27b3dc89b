"""SAGE: Shapley values known by hand, by all subsets, and by the authors' package."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from xbench import Problem, Selection
from xbench.data.dataset import Target
from xbench.data.features import Features
from xbench.explainers.explainer import Budget
from xbench.registry.find import explainer_class
from xbench.surrogates.mlp_classifier import MLPClassifier
from xbench.testing.toys import peaks_problem, random_surrogate

from ..toys import InteractingToy, LinearToy, make_problem, masked_by_hand, random_inputs

D = 7


def sage(problem: Problem, **parameters: Any) -> Selection:
    return explainer_class("sage")(**parameters).explain(problem)


def shapley_by_all_subsets(model: nn.Module, x: np.ndarray, p: float) -> np.ndarray:
    """Score of each feature from the mean output under every one of the 2^d masks."""
    d = x.shape[1]
    value = {}
    for size in range(d + 1):
        for masked in itertools.combinations(range(d), size):
            with torch.no_grad():
                outputs = model(torch.from_numpy(masked_by_hand(x, masked, p)))
            value[masked] = float(outputs[:, 0].double().mean())
    scores = np.zeros(d)
    for masked, loss in value.items():
        for feature in set(range(d)) - set(masked):
            weight = math.factorial(len(masked)) * math.factorial(d - len(masked) - 1)
            after = value[tuple(sorted((*masked, feature)))]
            scores[feature] += weight / math.factorial(d) * (loss - after)
    return scores


class Product(nn.Module):
    """x0 x1 + 2 x2 x3 - x4: no effect of a feature is more than a pair's."""

    def forward(self, x: Tensor) -> Tensor:
        return (x[:, 0] * x[:, 1] + 2 * x[:, 2] * x[:, 3] - x[:, 4])[:, None]


@pytest.mark.parametrize("p", [0.0, 0.7])
def test_in_a_linear_model_every_walk_gives_the_exact_values(p: float) -> None:
    weight = np.random.default_rng(0).normal(size=(D, 1))
    x = random_inputs(6, D, binary=False)
    problem = make_problem(LinearToy(weight, [3, 4], np.zeros(1)), x, 3, perturbation=p)
    selection = sage(problem)
    wanted = ((x - p) * weight[:, 0]).mean(axis=0)
    np.testing.assert_allclose(selection.scores, wanted, atol=1e-6)
    assert selection.indices.tolist() == np.argsort(-wanted)[:3].tolist()
    assert selection.details["converged"]
    assert selection.details["relative_error"] < 1e-6
    assert selection.nested
    assert selection.ordered


def test_what_two_features_do_together_is_shared_whatever_the_order() -> None:
    x = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 1, 1], [0, 1, 1, 1, 0]], dtype=np.float32)
    # x0 x1 is 1 in two of three cells, and so is 2 x2 x3; each factor gets a half.
    wanted = np.array([2 / 3 / 2, 2 / 3 / 2, 2 * 2 / 3 / 2, 2 * 2 / 3 / 2, -2 / 3])
    selection = sage(make_problem(Product(), x, 2), permutations=12)
    np.testing.assert_allclose(selection.scores, wanted, atol=1e-6)
    assert selection.indices.tolist() == [2, 3]
    assert selection.details["relative_error"] < 1e-9
    assert selection.details["converged"]
    # With two of the three cells alone it cannot know.
    fewer = sage(make_problem(Product(), x, 2), permutations=8)
    assert fewer.details["relative_error"] > 0.1
    assert not fewer.details["converged"]


@pytest.mark.parametrize("p", [0.0, 0.4])
def test_it_agrees_with_all_subsets_within_its_standard_errors(p: float) -> None:
    model = InteractingToy([3, 4], seed=3)
    x = random_inputs(8, D, binary=False, density=0.8)
    wanted = shapley_by_all_subsets(model, x, p)
    deviations = []
    for seed in range(15):
        problem = make_problem(model, x, D, perturbation=p, seed=seed)
        selection = sage(problem, permutations=160, batch_size=160, threshold=1e-6)
        assert selection.details["permutations"] == 160
        errors = np.array(selection.details["standard_errors"])
        found = selection.scores[selection.indices]
        noisy = errors > 1e-6
        np.testing.assert_allclose(found[~noisy], wanted[selection.indices][~noisy], atol=1e-5)
        deviations.append((found - wanted[selection.indices])[noisy] / errors[noisy])
    z = np.concatenate(deviations)
    assert len(z) > 50
    assert abs(z.mean()) < 0.3
    assert 0.8 < z.std() < 1.3
    more = sage(
        make_problem(model, x, D, perturbation=p),
        permutations=20_000,
        batch_size=2048,
        threshold=2e-3,
    )
    np.testing.assert_allclose(more.scores, wanted, atol=0.01 * np.ptp(wanted))
    assert more.details["converged"]


def test_the_scores_add_up_to_what_masking_everything_takes_off_the_loss() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = MLPClassifier(D, 6, 2).frozen()
    problem = make_problem(
        model,
        random_inputs(9, D, binary=False),
        3,
        target=Target("8", "3", 1, contrast=0),
        objective="cross-entropy",
    )
    # A whole sweep: each cell as often as any other.
    selection = sage(problem, permutations=36)
    none, every = problem.population.losses([[], range(D)])
    assert selection.details["sweeps"] == 1
    assert selection.scores.sum() == pytest.approx(none - every, abs=1e-5)


def test_it_does_not_converge_before_every_cell_was_seen() -> None:
    # One cell in 60 has a feature, and with it more than all the others together.
    weight = np.array([[1.0], [50.0], [0.5], [7.0]])
    x = np.zeros((60, 4), dtype=np.float32)
    x[:, [0, 2]] = 1
    x[37, 1] = 1
    for seed in range(5):
        problem = make_problem(LinearToy(weight, [4], np.zeros(1)), x, 2, seed=seed)
        selection = sage(problem, batch_size=8)
        assert selection.details["sweeps"] >= 1
        # Exact after a whole sweep, but for the visits of the next one.
        assert selection.scores[1] == pytest.approx(50 / 60, rel=0.1)
        # In no cell at all: 0, exactly.
        assert selection.scores[3] == 0
        assert problem.counts.forward >= 60 * 4 * 5


def test_a_stopped_run_gives_its_best_and_says_how_far_it_came() -> None:
    problem = dataclasses.replace(
        peaks_problem(random_surrogate(), 5), budget=Budget(evaluations=900)
    )
    selection = sage(problem, batch_size=8)
    assert problem.budget.stopped
    assert problem.counts.forward < 900 + 8 * 25
    assert not selection.details["converged"]
    assert 0 < selection.details["sweeps"] < 1
    assert len(selection.indices) == 5
    assert selection.details["permutations"] == problem.counts.forward // 25


def test_permutations_and_steps_are_bounds() -> None:
    problem = peaks_problem(random_surrogate(), 5)
    exact = sage(problem, permutations=84, threshold=1e-9)
    assert exact.details["permutations"] == 84
    problem = peaks_problem(random_surrogate(), 5)
    fewer = sage(problem, steps=100, batch_size=8)
    assert problem.population.changing_pairs().nnz / 40 > 5
    assert fewer.details["permutations"] < 40
    assert not fewer.details["converged"]


def test_the_seed_is_all_that_counts() -> None:
    first, again, other = (
        sage(peaks_problem(random_surrogate(), 5, seed=seed), permutations=40) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.scores, again.scores)
    assert not np.array_equal(first.scores, other.scores)


class TestGroups:
    def problem(self) -> Problem:
        return peaks_problem(random_surrogate(), 6)

    def test_windows_of_peaks_share_their_groups_score(self) -> None:
        problem = self.problem()
        selection = sage(problem, group="windows", permutations=160)
        # Chromosomes of 9, 8 and 7 peaks: windows of four end where a chromosome does.
        edges = [0, 4, 8, 9, 13, 17, 21, 24]
        none, every = problem.population.losses([[], range(24)])
        assert selection.scores.sum() == pytest.approx(none - every, abs=1e-5)
        opened = problem.inputs.sum(axis=0).A1
        for first, last in itertools.pairwise(edges):
            shares = selection.scores[first:last] / opened[first:last]
            np.testing.assert_allclose(shares, shares[0], rtol=1e-9)
        assert problem.counts.forward == 160 * 8 + 2 * 40

    def test_windows_are_masked_together(self) -> None:
        weight = np.arange(1.0, 10.0)[:, None]
        x = np.ones((4, 9), dtype=np.float32)
        x[:, 4] = 0
        problem = make_problem(LinearToy(weight, [9], np.zeros(1)), x, 3)
        # Nine features without coordinates are an image of 3 x 3: patches of 2 x 2.
        patches = [[0, 1, 3, 4], [2, 5], [6, 7], [8]]
        selection = sage(problem, group="windows")
        wanted = np.zeros(9)
        for patch in patches:
            moved = [pixel for pixel in patch if pixel != 4]
            wanted[moved] = weight[moved, 0].sum() / len(moved)
        np.testing.assert_allclose(selection.scores, wanted, atol=1e-5)

    def test_chromosomes(self) -> None:
        problem = self.problem()
        selection = sage(problem, group="chromosomes")
        opened = problem.inputs.sum(axis=0).A1
        edges = [0, 9, 17, 24]
        totals = [selection.scores[a:b].sum() for a, b in itertools.pairwise(edges)]
        best = int(np.argmax(totals))
        assert (edges[best] <= selection.indices).all()
        assert (selection.indices < edges[best + 1]).all()
        for block, (first, last) in enumerate(itertools.pairwise(edges)):
            shares = selection.scores[first:last] / opened[first:last]
            np.testing.assert_allclose(shares, totals[block] / opened[first:last].sum(), rtol=1e-9)

    def test_without_coordinates_there_are_no_chromosomes(self) -> None:
        problem = make_problem(Product(), np.ones((2, 5), np.float32), 2)
        assert "no coordinates" in explainer_class("sage")(group="chromosomes").skip(problem)
        assert explainer_class("sage")(group="windows").skip(problem) is None
        features = Features(list("abcde"), ["chr1"] * 5, range(5), range(1, 6))
        known = dataclasses.replace(problem, features=features)
        assert explainer_class("sage")(group="chromosomes").skip(known) is None


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"permutations": 3}, "permutations: must be at least 8, not 3"),
        ({"batch_size": 7}, "batch_size: must be at least 8, not 7"),
        ({"steps": 0}, "steps: must be more than 0, not 0"),
        ({"threshold": 0.0}, "threshold: must be more than 0, not 0.0"),
        ({"threshold": 1.0}, "threshold: must be less than 1, not 1.0"),
        ({"group": "genes"}, "group: must be 'none', 'windows' or 'chromosomes', not 'genes'"),
    ],
)
def test_parameters_out_of_range(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        explainer_class("sage")(**parameters)
