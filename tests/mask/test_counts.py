"""What each question is charged, and how little of it is computed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from xbench.data.dataset import Target
from xbench.mask import EvaluationCounts, MaskedPopulation, masked_population
from xbench.mask.explained_model import ExplainedModel
from xbench.mask.objective import OBJECTIVES

from ..toys import LinearToy, dense_twin, make_problem, random_cross_modality, random_inputs

SIZES = [6, 10, 8]
D = sum(SIZES)
TARGET = Target("all", "gene", 0)
# In random_inputs of 9 cells: cell 0 is empty, cell 1 full, and nobody has feature 12.
N, NOBODYS = 9, 12

QUESTIONS: dict[str, tuple[Callable[[MaskedPopulation], object], int, int]] = {
    "outputs": (lambda population: population.outputs([1, 2]), N, 0),
    "values": (lambda population: population.values(), N, 0),
    "losses": (lambda population: population.losses([[1], [2, 3], []]), 3 * N, 0),
    "no losses": (lambda population: population.losses([]), 0, 0),
    "descent": (lambda population: population.descent([1]), N, N),
    "swap_losses": (lambda population: population.swap_losses([1, 2], 0, [1, 5, 7, 9]), 4 * N, 0),
    "no swaps": (lambda population: population.swap_losses([1, 2], 0, []), 0, 0),
    "gradients": (lambda population: list(population.gradients([4])), N, N),
    "noisy_gradients": (
        lambda population: population.noisy_gradients(
            0.1, 3, torch.Generator().manual_seed(0), absolute=True
        ),
        3 * N,
        3 * N,
    ),
    "path_attributions": (
        lambda population: population.path_attributions(
            np.array([0.2, 0.5, 0.9]), np.ones(3), absolute=False
        ),
        3 * N,
        3 * N,
    ),
    "effects": (lambda population: population.effects(subset=[3]), (D + 1) * N, 0),
    "effects of groups": (lambda population: population.effects([[1, 7], [], [5]]), 4 * N, 0),
    "added_losses": (lambda population: population.added_losses([1], [5, 7, 9]), 3 * N, 0),
    "nothing added": (lambda population: population.added_losses([1], []), 0, 0),
    "masked_values": (
        lambda population: population.masked_values(1, [3, 5], np.zeros((7, 2), bool)),
        7,
        0,
    ),
    "batch": (lambda population: population.batch(np.array([1, 1, 4])).values(), 3, 0),
}


def both(density: float = 0.3) -> tuple[MaskedPopulation, MaskedPopulation]:
    x = random_inputs(N, D, density=density)
    model = random_cross_modality(SIZES, decoder_sizes=(8, 9))
    ours = masked_population(model, x, TARGET, OBJECTIVES["expression"])
    return ours, dense_twin(model, x, TARGET)


@pytest.mark.parametrize("question", QUESTIONS)
def test_both_operators_are_charged_alike_and_ours_computes_no_more(question: str) -> None:
    ask, forward, gradient = QUESTIONS[question]
    ours, theirs = both()
    for population in (ours, theirs):
        ask(population)
        assert (population.counts.forward, population.counts.gradient) == (forward, gradient)
    assert theirs.counts.computed == forward
    assert ours.counts.computed <= theirs.counts.computed


def test_only_open_pairs_are_computed() -> None:
    ours, theirs = both()
    tried = [5, 7, 9, NOBODYS]
    ours.swap_losses([1, 2], 0, tried)
    theirs.swap_losses([1, 2], 0, tried)
    pairs = int((random_inputs(N, D, density=0.3)[:, tried] != 0).sum())
    assert 0 < pairs < 3 * N
    assert ours.counts.computed == N + pairs
    assert theirs.counts.computed == 4 * N


def test_a_feature_that_equals_p_everywhere_costs_no_pair() -> None:
    ours, _ = both()
    ours.swap_losses([1, 2], 0, [NOBODYS])
    assert ours.counts.computed == N
    alone, _ = both()
    alone.losses([[NOBODYS], []])
    assert alone.counts.computed == N


def test_features_that_are_one_cost_no_pair_where_p_is_one() -> None:
    x = np.ones((4, 3), np.float32)
    x[2, 1] = 0
    model = LinearToy(np.ones((3, 1)), [3], np.zeros(1))
    population = masked_population(model, x, TARGET, OBJECTIVES["expression"], 1.0)
    np.testing.assert_allclose(population.swap_losses([0], 0, [0, 1]), [2.75, 3.0])
    assert population.counts.computed == 4 + 1


def test_a_generator_of_gradients_is_charged_for_what_was_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("xbench.mask.additive.GRADIENT_CHUNK", 2 * D)
    ours, theirs = both()
    assert len(next(ours.gradients())) == 2
    assert (ours.counts.forward, ours.counts.gradient) == (2, 2)
    assert next(theirs.gradients()).shape == (N, D)


def test_batches_and_validation_share_one_account() -> None:
    problem = make_problem(LinearToy(np.eye(4), [4], np.zeros(4)), np.eye(4), 2)
    problem.population.batch(np.array([0])).values()
    problem.validation.values()
    problem.model(torch.eye(4))
    assert problem.counts.forward == 1 + 4 + 4


class TestExplainedModel:
    def model(self) -> tuple[ExplainedModel, EvaluationCounts]:
        counts = EvaluationCounts()
        weight = np.array([[1.0, 5.0], [2.0, 7.0]])
        target = Target("8", "3", 1, contrast=0)
        return ExplainedModel(LinearToy(weight, [1, 1], np.array([0, 1])), target, counts), counts

    def test_it_gives_the_number_explained(self) -> None:
        model, counts = self.model()
        # 5 + 7 + 1 - (1 + 2) and 0 + 1 - 0.
        torch.testing.assert_close(
            model(torch.tensor([[1.0, 1], [0, 0]])), torch.tensor([[10.0], [1]])
        )
        assert (counts.forward, counts.gradient, counts.computed) == (2, 0, 2)

    def test_a_gradient_is_charged_when_it_is_taken(self) -> None:
        model, counts = self.model()
        x = torch.zeros(3, 2, requires_grad=True)
        out = model(x)
        assert counts.gradient == 0
        (gradient,) = torch.autograd.grad(out.sum(), x)
        assert (counts.forward, counts.gradient) == (3, 3)
        torch.testing.assert_close(gradient, torch.tensor([[4.0, 5]] * 3))

    def test_without_gradients_nothing_is_charged_for_them(self) -> None:
        model, counts = self.model()
        with torch.no_grad():
            model(torch.zeros(3, 2))
        assert (counts.forward, counts.gradient) == (3, 0)

    def test_any_module_will_do(self) -> None:
        counts = EvaluationCounts()
        plain = torch.nn.Linear(3, 4)
        model = ExplainedModel(plain, Target("a", "b", 2), counts)
        x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(model(x)[:, 0], plain(x)[:, 2])
