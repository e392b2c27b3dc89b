"""CXPlain: its targets by brute force, its ranking where the causes are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from xbench import Problem, Selection
from xbench.explainers.explainer import Budget
from xbench.explainers.importance_model import (
    Examples,
    ImageUNet,
    SparsePerceptron,
    causal_targets,
    spread_to_features,
)
from xbench.explainers.neighbours import windows
from xbench.registry.find import explainer_class

from ..toys import InteractingToy, LinearToy, make_problem, masked_by_hand, messy_csr, random_inputs

SIZES = [7, 5, 8, 2]
D = sum(SIZES)  # no square: features are peaks
WINDOW_OF = np.arange(D) // 4
# Windows 1 and 4 lower the output when masked, 2 raises it; the others do nothing.
WEIGHT = np.zeros(D)
WEIGHT[[4, 5, 6, 7]], WEIGHT[[16, 17, 18, 19]], WEIGHT[[8, 9]] = 1, 2, -5
FAST = {"members": 2, "epochs": 20, "learning_rate": 0.05, "batch_size": 32}


def explained(problem: Problem, **parameters: Any) -> Selection:
    return explainer_class("cxplain")(**{**FAST, **parameters}).explain(problem)


def linear(n_cells: int, size: int, seed: int = 0, **options: Any) -> Problem:
    model = LinearToy(WEIGHT[:, None], SIZES, np.ones(1))
    x = random_inputs(n_cells, D, seed=seed, density=0.5)
    held_out = random_inputs(40, D, seed=seed + 100, density=0.5)
    return make_problem(model, messy_csr(x), size, validation=held_out, seed=seed, **options)


def losses(model: nn.Module, x: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model(torch.from_numpy(x.astype(np.float32)))[:, 0].double().numpy()


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "continuous"])
@pytest.mark.parametrize("p", [0.0, 0.4])
def test_targets_are_shares_of_the_falls_that_brute_force_finds(binary: bool, p: float) -> None:
    model = InteractingToy(SIZES, 2)
    x = random_inputs(9, D, seed=1, binary=binary)
    groups = windows(WINDOW_OF)
    examples = Examples.of(make_problem(model, messy_csr(x), 2, perturbation=p).population, groups)
    before = losses(model, x)
    falls = np.stack(
        [np.maximum(0, before - losses(model, masked_by_hand(x, group, p))) for group in groups],
        axis=1,
    )
    totals = falls.sum(axis=1)
    usable = np.flatnonzero(totals > 1e-6)
    assert examples.usable.tolist() == usable.tolist()
    found = examples.targets.toarray()
    np.testing.assert_allclose(found[usable], falls[usable] / totals[usable, None], atol=1e-4)
    assert not np.delete(found, usable, axis=0).any()
    # Only where masking the window changes an input may a network place any share.
    varies = np.stack([(x[:, group] != np.float32(p)).any(axis=1) for group in groups], axis=1)
    pattern = examples.varies.copy()
    pattern.data[:] = 1
    np.testing.assert_array_equal(pattern.toarray() != 0, varies)


def test_the_loss_is_the_divergence_over_the_windows_that_vary() -> None:
    problem = make_problem(InteractingToy(SIZES, 2), random_inputs(9, D, seed=1), 2)
    examples = Examples.of(problem.population, windows(WINDOW_OF))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SparsePerceptron(D, int(WINDOW_OF.max()) + 1)
    rows = examples.usable[::-1]
    logits = network(examples.changes[rows]).detach()
    open_ = np.stack(
        [np.abs(examples.changes[rows].toarray()[:, g]).any(axis=1) for g in windows(WINDOW_OF)], 1
    )
    total = 0.0
    for cell, row in enumerate(rows):
        there = torch.from_numpy(open_[cell])
        target = torch.from_numpy(examples.targets[[row]].toarray()[0])[there]
        predicted = logits[cell][there].log_softmax(0)
        total += functional.kl_div(predicted, target, reduction="sum").item()
    assert examples.divergence(network, rows).item() == pytest.approx(total / len(rows), rel=1e-5)
    assert examples.mean_divergence(network) == pytest.approx(total / len(rows), rel=1e-5)
    for seen, shares in examples.shares(network):
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
        pattern = examples.varies[seen].copy()
        pattern.data[:] = 1
        assert not shares[pattern.toarray() == 0].any()


@pytest.fixture(scope="module")
def selection() -> Selection:
    return explained(linear(160, 8))


def test_it_finds_the_windows_that_lower_the_loss_and_not_those_that_raise_it(
    selection: Selection,
) -> None:
    assert set(selection.indices[:4].tolist()) == {16, 17, 18, 19}
    assert set(selection.indices.tolist()) == {4, 5, 6, 7, 16, 17, 18, 19}
    assert selection.scores is not None
    # The window of the largest effect, upwards, gets no more than the ones without any.
    assert selection.scores[8:12].max() < 0.1 * selection.scores[4:8].min()
    # A cell's parts add up to 1, but the empty cell's, which has none.
    assert selection.scores.sum() == pytest.approx(159 / 160, rel=1e-5)


def test_it_predicts_the_mean_shares_of_a_linear_model(selection: Selection) -> None:
    x = np.asarray(linear(160, 8).inputs.toarray())
    falls = np.maximum(0, np.add.reduceat(x * WEIGHT, np.arange(0, D, 4), axis=1))
    some = falls.sum(axis=1) > 0
    wanted = (falls[some] / falls[some].sum(axis=1, keepdims=True)).mean(axis=0)
    assert selection.scores is not None
    found = np.add.reduceat(selection.scores, np.arange(0, D, 4))
    # Cells without any fall are predicted too, as if they were like the others.
    np.testing.assert_allclose(found, wanted, atol=0.05)


class Switch(nn.Module):
    """Feature 0 decides whether window 1 or window 2 counts."""

    def forward(self, x: Tensor) -> Tensor:
        return (x[:, 0] * x[:, 4] + (1 - x[:, 0]) * x[:, 8])[:, None]


def test_a_network_explains_each_cell_by_itself() -> None:
    x = random_inputs(400, D, seed=4, density=0.5)
    x[:, [1, 2, 3]] = 0
    problem = make_problem(Switch(), x, 2, validation=random_inputs(60, D, seed=5, density=0.5))
    examples = Examples.of(problem.population, windows(WINDOW_OF))
    method = explainer_class("cxplain")(**FAST)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SparsePerceptron(D, int(WINDOW_OF.max()) + 1, 0.3)
    untrained = examples.mean_divergence(network)
    method._fit(network, examples, examples, np.random.default_rng(0), problem)
    assert examples.mean_divergence(network) < 0.1 * untrained
    first = x[:, 0] == 1
    both = (x[:, 4] == 1) & (x[:, 8] == 1)
    shares = np.zeros((400, 6))
    for rows, some in examples.shares(network):
        shares[rows] = some
    # Where the switch is on its own window counts as much as window 1; off, window 2 has it all.
    assert shares[first & both, 2].max() < 0.2 < 0.3 < shares[first & both, 1].min()
    assert shares[~first & both, 2].min() > 0.8


def test_pixels_are_explained_in_patches() -> None:
    side = 7
    weight = np.zeros((side, side))
    weight[2:4, 4:6] = 1  # a patch of 2 x 2, and one of the last row, with half its pixels
    weight[6, 0:2] = 2
    weight[0:2, 0:2] = -3
    selection = explained(image(weight, 6), members=1, epochs=20, learning_rate=0.01)
    wanted = {row * side + column for row in (2, 3) for column in (4, 5)} | {6 * side, 6 * side + 1}
    assert set(selection.indices.tolist()) == wanted


def image(weight: np.ndarray, size: int) -> Problem:
    model = LinearToy(weight.reshape(-1, 1), [weight.size], np.zeros(1))
    x = random_inputs(120, weight.size, binary=False, density=0.6)
    return make_problem(model, x, size)


def test_images_and_peaks_have_their_own_networks_and_the_protocols_rates() -> None:
    peaks, pixels = linear(60, 8), image(np.eye(5), 4)
    method = explainer_class("cxplain")()
    for problem, kind, rate in ((peaks, SparsePerceptron, 1e-3), (pixels, ImageUNet, 5e-4)):
        examples = Examples.of(problem.population, windows(np.arange(problem.n_features) // 4))
        network = method._network(problem, examples, 6)
        assert isinstance(network, kind)
        if isinstance(network, SparsePerceptron):
            lengths = (np.asarray(problem.inputs.toarray()) ** 2).sum(axis=1)
            assert network.scale == pytest.approx(1 / np.sqrt(lengths.mean()))
        short = {"members": 1, "epochs": 1}
        by_default = explained(problem, learning_rate=None, **short)
        np.testing.assert_array_equal(
            by_default.scores, explained(problem, learning_rate=rate, **short).scores
        )


def test_windows_are_as_wide_as_asked() -> None:
    peaks, pixels = linear(60, 8), image(np.eye(5), 4)
    explained(peaks, width=3, members=1, epochs=1)
    assert peaks.counts.forward == (60 + 40) * (8 + 1)
    explained(pixels, patch=3, members=1, epochs=1)
    assert pixels.counts.forward == (120 + 120) * (4 + 1)


class TestUncertainty:
    def test_it_holds_the_score_and_shrinks_with_more_cells(self) -> None:
        few, many = (explained(linear(n, 8), members=4, epochs=6) for n in (20, 320))
        widths = []
        for selection in (few, many):
            assert selection.scores is not None
            low, high = (np.array(selection.details[name]) for name in ("low", "high"))
            chosen = selection.scores[selection.indices]
            assert selection.details["members"] == 4
            assert len(selection.details["validation_divergence"]["networks"]) == 4
            assert (low <= chosen).all()
            assert (chosen <= high).all()
            widths.append((high - low).mean())
        assert 0 < widths[1] < 0.5 * widths[0]

    def test_one_network_has_none(self) -> None:
        details = explained(linear(60, 8), members=1, epochs=3).details
        assert details["low"] == details["high"]


def test_it_depends_on_nothing_but_the_seed() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first = explained(linear(60, 8), epochs=4)
        torch.manual_seed(2)
        np.testing.assert_array_equal(explained(linear(60, 8), epochs=4).scores, first.scores)
    problem = linear(60, 8)
    object.__setattr__(problem, "seed", 2**64 - 1)
    assert not np.array_equal(explained(problem, epochs=4).scores, first.scores)


def test_it_stops_when_the_budget_is_spent() -> None:
    problem = linear(60, 8)
    object.__setattr__(problem, "budget", Budget(evaluations=1))
    selection = explained(problem, members=3)
    assert selection.details["members"] == 1
    assert problem.budget.stopped
    # One epoch was taken all the same: targets alone are no explanation.
    untouched = explained(linear(60, 8), members=1, epochs=1)
    np.testing.assert_array_equal(selection.scores, untouched.scores)


def test_it_is_charged_for_every_window_of_every_cell() -> None:
    problem = linear(60, 8)
    explained(problem, members=1, epochs=1)
    assert problem.counts.forward == (60 + 40) * (6 + 1)
    assert problem.counts.gradient == 0


def test_where_nothing_lowers_the_loss_no_feature_has_a_score() -> None:
    model = LinearToy(-np.ones((D, 1)), SIZES, np.zeros(1))
    selection = explained(make_problem(model, np.ones((5, D), np.float32), 3))
    assert selection.scores is not None
    assert not selection.scores.any()


def test_without_falls_in_validation_cells_training_cells_take_their_place() -> None:
    model = LinearToy(WEIGHT[:, None], SIZES, np.ones(1))
    closed = np.zeros((3, D), np.float32)
    problem = make_problem(model, random_inputs(60, D, density=0.5), 8, validation=closed)
    assert set(explained(problem).indices[:4].tolist()) == {16, 17, 18, 19}


def test_training_stops_by_what_validation_cells_say() -> None:
    # One open window a cell: any network predicts its share, 1, so none is better than the first.
    single = np.zeros((4, D), np.float32)
    single[:, 4] = 1
    model = LinearToy(WEIGHT[:, None], SIZES, np.ones(1))
    x = random_inputs(60, D, density=0.5)
    stopped = explained(make_problem(model, x, 8, validation=single), members=1, patience=3)
    assert stopped.details["validation_divergence"]["networks"] == pytest.approx([0], abs=1e-6)
    trained = explained(make_problem(model, x, 8), members=1, patience=3)
    assert stopped.scores is not None
    assert trained.scores is not None
    # Untrained, the windows that do nothing still get their parts.
    assert stopped.scores[12:16].sum() > 10 * trained.scores[12:16].sum()


def test_targets_and_parts_by_hand() -> None:
    effects = messy_csr(np.array([[-6.0, 0, -2, 4], [3, 1, 0, 0]]))
    targets = causal_targets(effects)
    np.testing.assert_allclose(targets.toarray(), [[0.75, 0, 0.25, 0], [0, 0, 0, 0]])
    assert targets.nnz == 2
    # Pixels that are moved by 3 and 1 get three parts and one; one that equals p gets none.
    changes = messy_csr(np.array([[-3.0, 1, 0, 2]]))
    parts = spread_to_features(np.array([[0.8, 0.2]]), changes, np.array([0, 0, 0, 1]))
    np.testing.assert_allclose(parts, [0.6, 0.2, 0, 0.2])


@pytest.mark.parametrize("wrong", [{"members": 0}, {"width": 0}, {"patience": 0}, {"epochs": 0}])
def test_parameters_below_one_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}: must be more than 0, not 0"):
        explainer_class("cxplain")(**wrong)
    with pytest.raises(ValueError, match=r"learning_rate: must be more than 0, not 0\.0"):
        explainer_class("cxplain")(learning_rate=0.0)
