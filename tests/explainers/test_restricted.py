"""A window round a gene: every method sees the candidates alone, and answers exactly for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from xbench.explainers.explainer import Explainer, Problem, require_explainer
from xbench.explainers.restricted import restricted
from xbench.explainers.selection import Selection
from xbench.mask import DensePopulation, MaskedPopulation
from xbench.mask.objective import OBJECTIVES
from xbench.mask.restricted import RestrictedPopulation, restricted_model
from xbench.registry.find import entries, load
from xbench.testing import toys
from xbench.testing.clauses import chooses_among_candidates
from xbench.testing.questions import BrokenClauseError, NotTestedError, Questions

from ..slow_rest import rest_slow

KEPT = np.array([3, 9, 10, 12, 16, 20])
# As many steps as show what is chosen among, not what is learned.
SHORT: dict[str, dict[str, Any]] = {
    **{name: {"steps": 20} for name in ("fimap", "global-mask", "concrete-mask")},
}
PEERS = {"shap-reference": "shap", "lime": "lime.lime_base", "sage-reference": "sage"}
METHODS = [entry.name for entry in entries("method")]


def populations() -> dict[str, tuple[MaskedPopulation, RestrictedPopulation]]:
    model = toys.random_surrogate()
    wholes: dict[str, MaskedPopulation] = {
        "additive": toys.peaks_problem(model, 3).population,
        "dense": DensePopulation(model, toys.open_peaks(), OBJECTIVES["expression"], [0]),
    }
    return {name: (whole, RestrictedPopulation(whole, KEPT)) for name, whole in wholes.items()}


QUESTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    # What is asked of the view, and the same of all features by their places.
    "outputs": (lambda view: view.outputs([1, 4]), lambda all: all.outputs(KEPT[[1, 4]])),
    "values": (lambda view: view.values([0]), lambda all: all.values(KEPT[[0]])),
    "losses": (
        lambda view: view.losses([[1], [2, 5]]),
        lambda all: all.losses([KEPT[[1]], KEPT[[2, 5]]]),
    ),
    "descent": (lambda view: view.descent([2]), lambda all: all.descent(KEPT[[2]])[KEPT]),
    "swap": (
        lambda view: view.swap_losses([0, 1], 1, [3, 5]),
        lambda all: all.swap_losses(KEPT[[0, 1]], 1, KEPT[[3, 5]]),
    ),
    "added": (
        lambda view: view.added_losses([0], [3, 5]),
        lambda all: all.added_losses(KEPT[[0]], KEPT[[3, 5]]),
    ),
    "effects": (
        lambda view: view.effects().toarray(),
        lambda all: all.effects().toarray()[:, KEPT],
    ),
    "gradients": (
        lambda view: np.concatenate(list(view.gradients())),
        lambda all: np.concatenate(list(all.gradients()))[:, KEPT],
    ),
    "pairs": (
        lambda view: view.changing_pairs().toarray(),
        lambda all: all.changing_pairs().toarray()[:, KEPT],
    ),
    "masked": (
        lambda view: view.masked_values(2, [0, 3], np.eye(2, dtype=bool)),
        lambda all: all.masked_values(2, KEPT[[0, 3]], np.eye(2, dtype=bool)),
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_view_answers_as_the_whole_does(name: str) -> None:
    of_view, of_whole = QUESTIONS[name]
    for whole, view in populations().values():
        np.testing.assert_allclose(of_view(view), of_whole(whole), rtol=1e-6, atol=1e-7)


def test_relaxed_masks_and_pairs_are_those_of_the_kept_features() -> None:
    for whole, view in populations().values():
        hard = torch.zeros(len(KEPT))
        hard[[1, 4]] = 1.0
        expected = view.effects([[1, 4]]).toarray()[:, 0] + whole.effects([[]]).toarray()[:, 0]
        changed = (view.relaxed_losses(hard) - view.relaxed_losses(torch.zeros(len(KEPT)))).numpy()
        np.testing.assert_allclose(changed, expected, atol=1e-5)
        pairs = view.changing_pairs()
        mask = hard[torch.from_numpy(pairs.indices.astype(np.int64))]
        np.testing.assert_allclose(
            view.relaxed_pair_losses(mask).numpy(), view.relaxed_losses(hard).numpy(), atol=1e-5
        )
        soft = torch.full((len(KEPT),), 0.5, requires_grad=True)
        view.relaxed_losses(soft).sum().backward()
        assert soft.grad is not None
        assert (soft.grad != 0).any()


def test_a_walk_ends_where_all_candidates_are_masked() -> None:
    for _, view in populations().values():
        orders = np.array([np.random.default_rng(row).permutation(6) for row in range(40)])
        walked = np.asarray(view.walk(orders).sum(axis=1)).ravel()
        together = view.effects([list(range(6))]).toarray()[:, 0]
        np.testing.assert_allclose(walked, together, atol=1e-5)


def test_the_model_of_the_candidates_has_all_others_at_their_means() -> None:
    model, inputs = toys.random_surrogate(), toys.open_peaks()
    means = np.repeat(np.asarray(inputs.mean(axis=0), dtype=np.float32), 40, axis=0)
    means[:, KEPT] = inputs.toarray()[:, KEPT]
    x = torch.from_numpy(inputs.toarray()[:, KEPT])
    layer = model.additive_layer()
    expected = model.tail(layer.sums(torch.from_numpy(means))).numpy()

    class Plain(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return model.tail(layer.sums(x))

    for asked in (model, Plain()):
        found = restricted_model(asked, KEPT, inputs)(x).numpy()
        np.testing.assert_allclose(found, expected, atol=1e-5)


# One of each way to ask: by nothing, gradients, steps, masked features, drawn orders, learning.
SHOWN = ("random", "gradient-change", "grids", "leave-one-out", "sage", "concrete-mask")


@pytest.mark.parametrize("name", rest_slow(METHODS, SHOWN))
def test_every_method_chooses_among_the_candidates_alone(name: str) -> None:
    if name in PEERS:
        # Once, and not in each process that the method answers in.
        pytest.importorskip(PEERS[name])
    method = require_explainer(load(next(one for one in entries("method") if one.name == name)))

    def make() -> Any:
        return method(**{**method.quick_parameters, **SHORT.get(name, {})})

    try:
        chooses_among_candidates(Questions(make, 120))
    except NotTestedError as error:
        pytest.skip(str(error))


def test_a_method_that_does_not_look_at_the_candidates_is_caught() -> None:
    class Fixed(Explainer):
        """Three places that lie in the whole of the data, and not in a window of it."""

        name = "fixed"

        def explain(self, problem: Problem) -> Selection:
            return Selection(range(20, 20 + problem.subset_size))

    with pytest.raises(BrokenClauseError, match=r"outside 0\.\.5"):
        chooses_among_candidates(Questions(Fixed, 120))


def test_masking_in_whole_cells_finds_what_is_best_in_the_window() -> None:
    model = toys.linear_surrogate()
    problem = restricted(toys.peaks_problem(model, 2), model, KEPT)
    descent = problem.population.descent()
    best = toys.best_linear_subset(problem, model)
    assert set(np.argsort(descent)[:2].tolist()) == best
    assert problem.candidates is not None
    assert set(problem.candidates[list(best)]) <= set(KEPT)
