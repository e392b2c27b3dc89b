"""global-mask and concrete-mask against exhaustive search, and FIMAP where they share an idea."""

from __future__ import annotations

import dataclasses
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from xbench import Problem, Selection
from xbench.explainers.explainer import Budget
from xbench.registry.find import explainer_class
from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Surrogate

from ..slow_rest import rest_slow
from ..toys import InteractingToy, LinearToy, loss_by_hand, make_problem, random_inputs

MASKS = ("global-mask", "concrete-mask")
LEARNED = (*MASKS, "fimap")


def method(name: str, **parameters: Any) -> Any:
    return explainer_class(name)(**parameters)


def quick(name: str, **parameters: Any) -> Any:
    return method(name, **{"steps": 75, "batch_size": 0, **parameters})


# A price keeps apart what lowers the loss, here some 6 of 12, not what raises it.
@pytest.mark.parametrize(
    ("name", "size", "p"),
    rest_slow(product(MASKS, (1, 3), (0.0, 0.7)), {(MASKS[0], 3, 0.7), (MASKS[1], 1, 0.0)}),
)
def test_on_a_linear_model_the_best_subset_is_found(name: str, size: int, p: float) -> None:
    for seed in range(3):
        generator = np.random.default_rng(seed)
        x = random_inputs(7, 12, seed=seed, binary=False)
        model = LinearToy(generator.normal(size=(12, 1)), [7, 5], np.zeros(1))
        problem = make_problem(model, x, size, seed=seed, perturbation=p)
        found = quick(name, steps=150).explain(problem).indices
        best = min(
            combinations(range(12), size), key=lambda subset: loss_by_hand(model, x, subset, p)
        )
        assert sorted(found.tolist()) == sorted(best)


class StandIns(Surrogate):
    """F = 3 (1 - 0.1^x0 0.1^x1) + x2 / 2 + x3 / 3: features 0 and 1 stand in for each other."""

    name = "stand-ins"

    def additive_layer(self) -> AdditiveLayer:
        logs = torch.tensor([[np.log(0.1), 0.0]] * 2 + [[0.0, 0.5], [0.0, 1 / 3]])
        return AdditiveLayer(logs.float(), torch.zeros(1, 2), np.array([0, 4]))

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        return 3 * (1 - sums[:, 0, :1].exp()) + sums[:, 0, 1:]

    def forward(self, x: Tensor) -> Tensor:
        return self.tail(self.additive_layer().sums(x))


@pytest.mark.parametrize("name", LEARNED)
def test_features_that_stand_in_for_each_other_are_found_together(name: str) -> None:
    problem = make_problem(StandIns().frozen(), np.ones((5, 4), np.float32), 2)
    # To first order the other two are worth more, and a one-shot gradient takes them.
    one_shot = method("gradient-change").explain(problem).indices
    assert sorted(one_shot.tolist()) == [2, 3]
    found = quick(name).explain(problem).indices
    assert sorted(found.tolist()) == [0, 1]


@pytest.mark.parametrize("name", rest_slow(MASKS, 1))
def test_on_interacting_models_it_comes_near_the_best_of_all_subsets(name: str) -> None:
    gaps = []
    for seed in range(4):
        x = random_inputs(9, 9, seed=seed, density=0.6)
        model = InteractingToy([5, 4], seed)
        every = [loss_by_hand(model, x, subset) for subset in combinations(range(9), 3)]
        found = quick(name).explain(make_problem(model, x, 3, seed=seed)).indices
        reached = loss_by_hand(model, x, found)
        gaps.append((reached - min(every)) / (np.mean(every) - min(every)))
    # A subset at random has a gap of 1 on average.
    assert max(gaps) < 0.25
    assert np.median(gaps) < 0.05


@pytest.mark.parametrize("name", LEARNED)
def test_the_best_iterate_on_validation_is_returned(name: str) -> None:
    model = InteractingToy([15, 15], 10)
    cells = [np.random.default_rng(n).random((20, 30)) < 0.3 for n in (0, 1)]
    x, validation = (part.astype(np.float32) for part in cells)
    problem = make_problem(model, x, 8, validation=validation)
    selection = quick(name, batch_size=2).explain(problem)
    offered = [entry["loss"] for entry in selection.trace]
    assert len(set(offered)) > 1
    reached = loss_by_hand(model, validation, selection.indices)
    assert reached == pytest.approx(min(offered), abs=1e-6)
    assert selection.ordered
    assert not selection.nested
    assert selection.scores is not None
    assert selection.scores.shape == (30,)


def posed(size: int = 2, **options: Any) -> Problem:
    return make_problem(
        InteractingToy([5, 4], 3), random_inputs(12, 9, density=0.6), size, **options
    )


@pytest.mark.parametrize("name", LEARNED)
def test_it_stops_when_its_budget_is_spent(name: str) -> None:
    problem = dataclasses.replace(posed(), budget=Budget(evaluations=300))
    selection = quick(name, batch_size=4).explain(problem)
    assert len(selection.indices) == 2
    assert problem.budget.stopped
    assert 300 <= problem.counts.forward + problem.counts.gradient < 360
    assert 0 < selection.trace[-1]["step"] < 74


@pytest.mark.parametrize("name", LEARNED)
def test_each_step_is_charged_for_its_cells_both_ways(name: str) -> None:
    problem = posed()
    selection = quick(name, batch_size=4, steps=30).explain(problem)
    validated = len(selection.trace) * problem.validation.n_cells
    # Those with a price ask for the first-order effects and the unmasked losses before.
    before = 0 if name == "concrete-mask" else problem.population.n_cells
    assert problem.counts.forward == 30 * 4 + 2 * before + validated
    assert problem.counts.gradient == 30 * 4 + before


@pytest.mark.parametrize("name", LEARNED)
def test_the_seed_decides(name: str) -> None:
    def run(seed: int) -> Selection:
        return quick(name, steps=10, batch_size=4).explain(posed(seed=seed))

    first, again, other = run(1), run(1), run(2)
    np.testing.assert_array_equal(first.scores, again.scores)
    assert first.trace == again.trace
    assert not np.array_equal(first.scores, other.scores)


@pytest.mark.parametrize("name", LEARNED)
def test_every_feature_may_be_wanted_and_no_feature_need_matter(name: str) -> None:
    everything = quick(name, steps=5).explain(posed(size=9))
    assert sorted(everything.indices.tolist()) == list(range(9))
    # All of them in no order: that says nothing of smaller subsets.
    assert not everything.nested or name != "concrete-mask"
    model = LinearToy(np.zeros((6, 1)), [6], np.zeros(1))
    idle = quick(name, steps=5).explain(make_problem(model, random_inputs(4, 6), 2))
    closed = quick(name, steps=5).explain(make_problem(model, np.zeros((4, 6), np.float32), 2))
    assert len(idle.indices) == len(closed.indices) == 2


@pytest.mark.parametrize("name", LEARNED)
@pytest.mark.parametrize(
    "parameters",
    [{"steps": 0}, {"batch_size": -1}, {"learning_rate": 0.0}],
    ids=["steps", "batch_size", "learning_rate"],
)
def test_parameters_are_checked(name: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(
        ValueError, match=f"{next(iter(parameters))}: must be (more than|at least) 0, not"
    ):
        method(name, **parameters)


def test_the_temperature_falls_from_first_to_last_by_the_same_factor() -> None:
    mask = method("concrete-mask", steps=5, first_temperature=1.6, last_temperature=0.1)
    falling = [mask.temperature(step) for step in range(5)]
    assert falling == pytest.approx([1.6, 0.8, 0.4, 0.2, 0.1])
    assert method("concrete-mask", steps=1).temperature(0) == 1.0


def test_the_size_of_a_global_mask_is_steered_to_l() -> None:
    model = LinearToy(np.linspace(0.5, 2, 20)[:, None], [20], np.zeros(1))
    problem = make_problem(model, np.ones((4, 20), np.float32), 5)
    selection = quick("global-mask", steps=150).explain(problem)
    assert selection.trace[-1]["size"] == pytest.approx(5, rel=0.15)


@pytest.mark.parametrize("name", ["global-mask", "fimap"])
def test_too_many_pairs_are_refused_and_open_features_alone_are_not(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xbench.explainers.relaxation.MOST_PAIRS", 12 * 9 - 1)
    assert method(name).skip(posed()) is None
    reason = method(name).skip(posed(perturbation=0.5))
    assert reason is not None
    assert "108" in reason
    assert method("concrete-mask").skip(posed(perturbation=0.5)) is None
