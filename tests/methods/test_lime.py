"""LIME on models whose coefficients are known, and its pick against one spelt out."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench import Problem, Selection
from xbench.data.features import Features
from xbench.explainers.explainer import Budget
from xbench.explainers.local_models import (
    SharedMasks,
    global_importance,
    local_coefficients,
    picked_importance,
    submodular_pick,
)
from xbench.registry.find import explainer_class

from ..toys import InteractingToy, LinearToy, make_problem, masked_by_hand, messy_csr, random_inputs

pytest.importorskip("lime", reason="needs the package lime")

SIZES = [5, 4, 3]
D = sum(SIZES)
WEIGHT = np.array([4, -8, 0.5, 0, 3, -1, 2, 0, 0, -0.25, 1, 6.0])


def explained(problem: Problem, **parameters: Any) -> Selection:
    method = explainer_class("lime")(**parameters)
    assert method.skip(problem) is None
    return method.explain(problem)


def linear(x: np.ndarray, size: int = 3, p: Any = 0.0, **options: Any) -> Problem:
    model = LinearToy(WEIGHT[:, None], SIZES, np.ones(1))
    return make_problem(model, messy_csr(x), size, perturbation=p, **options)


def varied(n_cells: int, seed: int = 0) -> np.ndarray:
    """Continuous inputs, some closed; no cell is empty."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(0.5, 2, (n_cells, D)) * (generator.random((n_cells, D)) < 0.7)
    x[:, 0] = 1
    return x.astype(np.float32)


@pytest.mark.parametrize("p", [0.0, 0.7, "each its own"])
def test_a_linear_model_has_its_own_coefficients(p: Any) -> None:
    x = varied(4)
    value = np.linspace(-1, 1, D).astype(np.float32) if p == "each its own" else p
    selection = explained(linear(x, D, value), neighbours=1000, aggregate="signed-mean")
    # What presence of a feature adds: w (x - p), on average over the cells explained.
    wanted = ((x - value) * WEIGHT).mean(axis=0)
    np.testing.assert_allclose(selection.scores, wanted, rtol=0.01, atol=0.02)
    assert selection.indices[:4].tolist() == np.argsort(-wanted)[:4].tolist()
    assert selection.indices[-1] == np.argmin(wanted)
    assert selection.details["cells"] == 4
    assert selection.nested


def test_it_is_what_limebase_gives_for_neighbours_spelt_out() -> None:
    from lime.lime_base import LimeBase

    model, x = InteractingToy(SIZES, 1), random_inputs(7, D, seed=3, binary=False)
    problem = make_problem(model, messy_csr(x), 4, seed=5)
    generator = problem.generator()
    rows = []
    drawn = generator.permutation(7)[:5]
    every = generator.integers(0, 2, (300, (x[drawn] != 0).sum(axis=1).max()), dtype=bool)
    every[0] = True
    for cell in drawn:
        there = np.flatnonzero(x[cell])
        tossed = every[:, : len(there)]
        with torch.no_grad():
            masked = [masked_by_hand(x[[cell]], there[~kept], 0)[0] for kept in tossed]
            values = model(torch.from_numpy(np.stack(masked)))[:, :1].numpy()
        # The cosine distance by its definition, to the cell's own mask of ones; width 0.25.
        norms = np.sqrt(tossed.sum(axis=1)) * np.sqrt(len(there)) if len(there) else np.ones(300)
        cosine = np.divide(tossed.sum(axis=1), norms, where=norms > 0, out=np.zeros(300))
        base = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 0.25**2)), random_state=0)
        row = np.zeros(D)
        if len(there):
            fit = (tossed.astype(float), values.astype(float), 1 - cosine, 0, D, "none")
            for place, coefficient in base.explain_instance_with_data(*fit)[1]:
                row[there[place]] = coefficient
        rows.append(row)
    signed = explained(problem, neighbours=300, cells=5, aggregate="signed-mean")
    np.testing.assert_allclose(signed.scores, np.mean(rows, axis=0), rtol=2e-3, atol=1e-5)
    absolute = explained(problem, neighbours=300, cells=5, aggregate="mean-absolute")
    np.testing.assert_allclose(absolute.scores, np.abs(rows).mean(axis=0), rtol=2e-3, atol=1e-5)


def test_single_precision_fits_as_double_does() -> None:
    from lime.lime_base import LimeBase

    generator = np.random.default_rng(0)
    for size in ((64, 200), (300, 20)):  # fewer neighbours than features, and more
        present = generator.random(size) < 0.5
        present[0] = True
        values = np.tanh(present @ generator.normal(size=size[1])) + 3
        base = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 0.3**2)), random_state=0)
        distance = 1 - np.sqrt(present.mean(axis=1))
        for length, choice in ((0, "none"), (10, "highest-weights"), (10, "lasso-path")):
            method = choice.replace("-", "_")
            asked = (present.astype(float), values[:, None], distance, 0, length, method)
            wanted = np.zeros(size[1])
            for place, coefficient in base.explain_instance_with_data(*asked)[1]:
                wanted[place] = coefficient
            options = {"length": length, "kernel_width": 0.3}
            if length:
                options["choice"] = choice
            found = local_coefficients(present, values, **options)
            np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-5)
            assert np.count_nonzero(found) == (length or size[1])


def test_shared_masks_fit_as_the_package_does() -> None:
    from lime.lime_base import LimeBase

    generator = np.random.default_rng(0)
    masks = SharedMasks(80, 200, generator, kernel_width=0.3)
    base = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 0.3**2)), random_state=0)
    # More features each time; then fewer, where the product begins from nothing.
    for width in (1, 30, 31, 200, 70):
        present = masks.present[:, :width]
        values = np.tanh(present @ generator.normal(size=width)) + 3
        distance = 1 - np.sqrt(present.mean(axis=1))
        asked = (present.astype(float), values[:, None], distance, 0, width, "none")
        wanted = np.zeros(width)
        for place, coefficient in base.explain_instance_with_data(*asked)[1]:
            wanted[place] = coefficient
        np.testing.assert_allclose(masks.coefficients(values, width), wanted, rtol=1e-4, atol=1e-6)


def test_absolute_coefficients_hide_the_sign_and_signed_ones_do_not() -> None:
    x = np.ones((3, D), dtype=np.float32)
    options = {"neighbours": 1000}
    absolute = explained(linear(x, 1), aggregate="mean-absolute", **options)
    picked = explained(linear(x, 1), **options)
    signed = explained(linear(x, D), aggregate="signed-mean", **options)
    # Feature 1 has the largest weight, -8: masking it raises the output.
    assert absolute.indices.tolist() == picked.indices.tolist() == [1]
    assert absolute.details["mean_coefficients"][0] == pytest.approx(-8, rel=0.02)
    assert signed.indices[0] == 11
    assert signed.indices[-1] == 1
    np.testing.assert_allclose(signed.details["mean_coefficients"], np.sort(WEIGHT)[::-1], atol=0.1)


def test_only_open_features_are_tossed() -> None:
    x = np.zeros((2, D), dtype=np.float32)
    x[1, [3, 6]] = 1  # weights 0 and 2; the first cell is empty
    problem = linear(x, 2)
    selection = explained(problem, neighbours=600, aggregate="signed-mean")
    assert selection.scores is not None
    assert selection.scores[6] == pytest.approx(1, rel=0.05)  # 2, averaged with an empty cell
    assert selection.scores[3] == pytest.approx(0, abs=0.05)
    assert set(np.flatnonzero(selection.scores)) <= {3, 6}
    assert problem.counts.forward == 2 * 600


def test_an_explanation_has_no_more_features_than_its_length() -> None:
    x = np.ones((1, D), dtype=np.float32)
    selection = explained(linear(x, 2), neighbours=600, length=2, aggregate="mean-absolute")
    assert selection.scores is not None
    assert np.flatnonzero(selection.scores).tolist() == [1, 11]


class TestPick:
    def greedy(self, weights: np.ndarray, budget: int) -> list[int]:
        """Algorithm 2 of the paper: a set function, evaluated whole for every choice."""
        importance = np.sqrt(np.abs(weights).sum(axis=0))
        picked: list[int] = []
        while len(picked) < min(budget, len(weights)):
            worth = {}
            for row in set(range(len(weights))) - set(picked):
                covered = (weights[[*picked, row]] != 0).any(axis=0)
                worth[row] = importance[covered].sum()
            best = max(worth.values())
            picked.append(min(row for row in worth if worth[row] >= best - 1e-12))
        return picked

    def test_by_hand(self) -> None:
        # I = (2, 1, 3, 1): row 1 covers 3 + 1 = 4, row 0 then adds 2 + 1; row 2 adds nothing new.
        weights = np.array([[-4, 1, 0, 0], [0, 0, 5, 1], [0, 0, -4, 0.0]])
        assert global_importance(sp.csr_matrix(weights)).tolist() == [2, 1, 3, 1]
        assert submodular_pick(sp.csr_matrix(weights), 2).tolist() == [1, 0]
        assert submodular_pick(sp.csr_matrix(weights), 9).tolist() == [1, 0, 2]

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(data=st.data())
    def test_it_is_the_greedy_choice_of_the_paper(self, data: st.DataObject) -> None:
        rows, columns = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
        entry = st.sampled_from([0.0, 0.0, 0.0, 1.0, -2.0, 4.0])
        line = st.lists(entry, min_size=columns, max_size=columns)
        weights = np.array(data.draw(st.lists(line, min_size=rows, max_size=rows)))
        budget = data.draw(st.integers(1, 7))
        found = submodular_pick(messy_csr(weights), budget)
        assert found.tolist() == self.greedy(weights, budget)

    def test_few_cells_cover_disjoint_features(self) -> None:
        # Three kinds of cells with features of their own: a pick of three has one of each.
        x = np.zeros((9, D), dtype=np.float32)
        for cell in range(9):
            kind = 4 * (cell % 3)
            x[cell, kind : kind + 4] = 1
        selection = explained(linear(x, D), neighbours=200, picked=3)
        assert sorted(cell % 3 for cell in selection.details["picked"]["cells"]) == [0, 1, 2]
        assert selection.details["cells"] == 9

    def test_features_outside_the_pick_follow_in_their_own_order(self) -> None:
        x = np.zeros((2, D), dtype=np.float32)
        x[0, :8], x[1, 8:] = 1, 1
        one = explained(linear(x, D), neighbours=500, picked=1)
        assert one.details["picked"]["cells"] == [0]  # I = 2 + 2.8 + ... is above 0.5 + 1 + 2.4
        # Picked: by sqrt of 4, 8, 3, 2, 1, 0.5; then 11, 10 and 9, which are not.
        assert one.indices[:6].tolist() == [1, 0, 4, 6, 5, 2]
        assert [j for j in one.indices.tolist() if j >= 8] == [11, 10, 9, 8]
        assert set(one.indices[:8].tolist()) == set(range(8))
        nothing = sp.csr_matrix((2, 3))
        assert picked_importance(nothing, np.array([0])).tolist() == [0, 0, 0]


def test_it_depends_on_nothing_but_the_seed() -> None:
    x = varied(6)
    asked = {"neighbours": 40, "cells": 3}
    first, again = (explained(linear(x, seed=3), **asked) for _ in range(2))
    np.testing.assert_array_equal(first.scores, again.scores)
    other = explained(linear(x, seed=4), **asked)
    assert not np.array_equal(first.scores, other.scores)


def test_it_stops_when_the_budget_is_spent() -> None:
    problem = linear(varied(6))
    object.__setattr__(problem, "budget", Budget(evaluations=250))
    selection = explained(problem, neighbours=100)
    assert selection.details["cells"] == 3
    assert problem.budget.stopped


def test_neighbours_are_the_protocols() -> None:
    x = varied(2)
    pixels = linear(x)
    explained(pixels, cells=1)
    assert pixels.counts.forward == 1024
    peaks = linear(x)
    place = Features([f"peak{j}" for j in range(D)], ["chr1"] * D, range(D), range(1, D + 1))
    object.__setattr__(peaks, "features", place)
    explained(peaks, cells=1)
    assert peaks.counts.forward == 2048


def test_it_says_why_it_cannot_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    method = explainer_class("lime")(neighbours=2**25)
    reason = method.skip(linear(np.ones((1, D), np.float32)))
    assert reason is not None
    assert "12 features of a cell differ from p" in reason
    assert method.skip(linear(np.eye(D, dtype=np.float32))) is None
    monkeypatch.setitem(sys.modules, "lime", None)
    reason = explainer_class("lime")().skip(linear(varied(2)))
    assert reason == "needs the package lime: pip install 'xbench-explain[peers]'"


@pytest.mark.parametrize(
    "wrong",
    [
        {"neighbours": 1},
        {"cells": 0},
        {"picked": 0},
        {"length": -1},
        {"kernel_width": 0.0},
        {"aggregate": "median"},
        {"choice": "forward"},
    ],
)
def test_parameters_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"^method 'lime': {next(iter(wrong))}: must be .+, not "):
        explainer_class("lime")(**wrong)
