"""Redundancy: by hand, where there is none, and against full passes for every subset."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from xbench.analysis.redundancy import (
    RESOLUTION,
    LeftOut,
    PairSynergy,
    pair_synergies,
    redundancy,
    summarised,
)
from xbench.data.dataset import Target
from xbench.errors import XbenchError
from xbench.mask import MaskedPopulation, masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.surrogates.surrogate import Surrogate

from ..toys import (
    InteractingToy,
    LinearToy,
    dense_twin,
    masked_by_hand,
    random_cross_modality,
    random_inputs,
)
from .gate_models import Backups

TARGET = Target("all", "gene", 0)
# F is 6, 6 and 3: everything open, all but x5, and only x1.
CELLS = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0], [0, 1, 0, 0, 0, 1]], dtype=np.float32)

Make = Callable[[Surrogate, np.ndarray], MaskedPopulation]


@pytest.fixture(params=["additive", "dense"])
def make(request: pytest.FixtureRequest) -> Make:
    def population(model: Surrogate, x: np.ndarray) -> MaskedPopulation:
        if request.param == "additive":
            return masked_population(model, x, TARGET, OBJECTIVES["expression"])
        return dense_twin(model, x, TARGET)

    return population


class Drops:
    """D by one full pass of the module in double for each subset, once however often asked for."""

    def __init__(self, model: nn.Module, x: np.ndarray, perturbation: object = 0.0) -> None:
        self._model = copy.deepcopy(model).double()
        self._x, self._p = x, perturbation
        self._means: dict[frozenset[int], float] = {}
        self.unmasked = self.mean(())

    def mean(self, subset: tuple[int, ...]) -> float:
        asked = frozenset(subset)
        if asked not in self._means:
            masked = torch.from_numpy(masked_by_hand(self._x, subset, self._p)).double()
            with torch.no_grad():
                self._means[asked] = float(self._model(masked)[:, 0].mean())
        return self._means[asked]

    def __call__(self, *subset: int) -> float:
        return self.unmasked - self.mean(subset)


def agrees(population: MaskedPopulation, drop: Drops, chosen: list[int]) -> None:
    """Compare all parts of the measure with D of every subset that they are made of."""
    found = redundancy(population, chosen)
    room = 4e-6 * max(1.0, abs(drop.unmasked))
    singles = [drop(feature) for feature in chosen]
    np.testing.assert_allclose(found.singles, singles, atol=room)
    assert found.joint == pytest.approx(drop(*chosen), abs=room)
    assert found.mean_loss == pytest.approx(drop.unmasked, abs=room)
    assert found.sum_of_singles == pytest.approx(sum(singles), abs=len(chosen) * room)
    assert found.excess == pytest.approx(drop(*chosen) - sum(singles), abs=len(chosen) * room)
    prefixes = [drop(*chosen[: size + 1]) for size in range(len(chosen))]
    np.testing.assert_allclose(found.prefixes, prefixes, atol=room)
    lost = {j: drop(*chosen) - drop(*(i for i in chosen if i != j)) for j in chosen}
    assert sorted(one.feature for one in found.left_out) == sorted(chosen)
    for one in found.left_out:
        assert one.lost == pytest.approx(lost[one.feature], abs=room)
    assert [one.lost for one in found.left_out] == sorted(
        (one.lost for one in found.left_out), reverse=True
    )
    expected = [[0.0 if i == j else drop(i, j) - drop(i) - drop(j) for j in chosen] for i in chosen]
    synergies = pair_synergies(population, chosen)
    np.testing.assert_allclose(synergies, expected, atol=room)
    assert (synergies == synergies.T).all()
    assert found.synergy == summarised(synergies, chosen, found.mean_loss)


def test_two_backups_a_pair_that_needs_both_and_a_lone_one(make: Make) -> None:
    found = redundancy(make(Backups(), CELLS), [0, 1, 2, 3, 4, 5])
    # Alone: x1 is all that the third cell has; x2 or x3 switches off 2 in two of three cells.
    assert found.n_cells == 3
    assert found.mean_loss == pytest.approx(5)
    assert found.singles == pytest.approx([0, 1, 4 / 3, 4 / 3, 2 / 3, 0])
    # Together: all that there is.
    assert found.joint == pytest.approx(5)
    assert found.excess == pytest.approx(5 - 13 / 3)
    assert found.prefixes == pytest.approx([0, 3, 13 / 3, 13 / 3, 5, 5])
    # x0 and x1 do 3 in the first two cells only together; x2 and x3 do the same 2 twice.
    assert found.synergy.n_pairs == 15
    assert found.synergy.mean == pytest.approx((2 - 4 / 3) / 15)
    assert found.synergy.share_positive == pytest.approx(1 / 15)
    assert found.synergy.share_negative == pytest.approx(1 / 15)
    first, second, *others = found.synergy.strongest
    assert (first.first, first.second) == (0, 1)
    assert (second.first, second.second) == (2, 3)
    assert (first.synergy, second.synergy) == (pytest.approx(2), pytest.approx(-4 / 3))
    assert len(others) == 8
    assert all(other.synergy == 0 for other in others)
    # Without x1 the third cell keeps its 3, and so do the others; x2 makes up for x3.
    lost = {one.feature: one.lost for one in found.left_out}
    assert lost == pytest.approx({0: 2, 1: 3, 2: 0, 3: 0, 4: 2 / 3, 5: 0}, abs=1e-6)
    assert [one.feature for one in found.left_out] == [1, 0, 4, 2, 3, 5]
    json.dumps(asdict(found), allow_nan=False)


def test_the_order_of_the_selection_is_that_of_the_prefixes(make: Make) -> None:
    found = redundancy(make(Backups(), CELLS), [4, 1, 3, 0])
    assert found.prefixes == pytest.approx([2 / 3, 5 / 3, 3, 5])
    assert found.singles == pytest.approx([2 / 3, 1, 4 / 3, 0])


def test_an_additive_model_has_no_synergy(make: Make) -> None:
    weight = np.array([[1.0], [2.0], [-3.0], [4.0], [0.5]])
    model = LinearToy(weight, [1, 0, 4], np.array([10.0]))
    x = np.array([[1, 1, 0, 2, 1], [0, 1, 1, 0, 1], [1, 1, 1, 1, 1]], dtype=np.float32)
    found = redundancy(make(model, x), [3, 0, 2, 1])
    assert found.excess == pytest.approx(0, abs=1e-6)
    assert found.synergy.mean == 0
    assert found.synergy.share_positive == found.synergy.share_negative == 0
    # What is lost without a feature is what it does alone.
    singles = dict(zip([3, 0, 2, 1], found.singles, strict=True))
    assert {one.feature: one.lost for one in found.left_out} == pytest.approx(singles)


def test_one_feature_has_no_pairs(make: Make) -> None:
    found = redundancy(make(Backups(), CELLS), [1])
    assert found.synergy.n_pairs == 0
    assert found.synergy.mean is found.synergy.share_positive is None
    assert found.synergy.strongest == ()
    assert found.joint == found.sum_of_singles == found.prefixes[0] == pytest.approx(1)
    assert found.left_out == (LeftOut(1, pytest.approx(1)),)


def test_a_feature_that_no_cell_has_changes_nothing(make: Make) -> None:
    x = CELLS.copy()
    x[:, 4] = 0
    found = redundancy(make(Backups(), x), [4, 1])
    assert found.singles[0] == 0
    assert found.left_out[-1] == LeftOut(4, 0.0)
    assert pair_synergies(make(Backups(), x), [4, 1]).tolist() == [[0, 0], [0, 0]]


def test_pairs_that_never_share_a_cell_are_exactly_zero_for_any_model() -> None:
    # However nonlinear the model: no cell sees both.
    model = random_cross_modality([6, 10, 8], decoder_sizes=(8, 9)).frozen()
    x = np.zeros((24, 24), dtype=np.float32)
    x[np.arange(24), np.arange(24)] = 1
    population = masked_population(model, x, TARGET, OBJECTIVES["expression"])
    assert (pair_synergies(population, range(24)) == 0).all()
    x[:, 3] = 1
    population = masked_population(model, x, TARGET, OBJECTIVES["expression"])
    touched = np.argwhere(pair_synergies(population, range(24)))
    assert len(touched) > 20
    assert (touched == 3).any(axis=1).all()


@pytest.mark.parametrize("frozen", [False, True], ids=["whole tail", "by block"])
def test_no_evaluation_but_those_that_can_matter(frozen: bool) -> None:
    model = random_cross_modality([6, 10, 8], decoder_sizes=(8, 9))
    x = random_inputs(40, 24)
    population = masked_population(
        model.frozen() if frozen else model, x, TARGET, OBJECTIVES["expression"]
    )
    chosen = [3, 20, 7, 8, 15, 0]
    is_open = x[:, chosen] != 0
    both = sum(int((is_open[:, i] & is_open[:, j]).sum()) for j in range(6) for i in range(j))
    pair_synergies(population, chosen)
    # All cells, each feature alone, each but the last again as the base of its pairs, the pairs.
    alone = int(is_open.sum())
    expected = 40 + alone + int(is_open[:, :-1].sum()) + both
    assert population.counts.computed == expected


def test_synergies_that_are_given_are_not_computed_again() -> None:
    population = masked_population(Backups(), CELLS, TARGET, OBJECTIVES["expression"])
    whole = redundancy(population, [0, 1, 2])
    spent = population.counts.computed
    synergies = pair_synergies(population, [0, 1, 2])
    pairs = population.counts.computed - spent
    assert redundancy(population, [0, 1, 2], synergies) == whole
    assert population.counts.computed - spent - pairs == spent - pairs


def test_a_loss_other_than_the_number_explained() -> None:
    model = InteractingToy([3, 4])
    x = random_inputs(12, 7)
    target, objective = Target("8", "3", 0, contrast=1), OBJECTIVES["cross-entropy"]
    found = redundancy(masked_population(model, x, target, objective), [1, 5, 2])

    def loss(subset: list[int]) -> float:
        with torch.no_grad():
            logits = model(torch.from_numpy(masked_by_hand(x, subset, 0.0)))
        return float(nn.functional.softplus(logits[:, 0] - logits[:, 1]).mean())

    assert found.mean_loss == pytest.approx(loss([]), rel=1e-5)
    assert found.joint == pytest.approx(loss([]) - loss([1, 5, 2]), abs=1e-5)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [([], "there are none"), ([6], r"out of range 0\.\.5"), ([2, 2], "more than once")],
)
def test_what_makes_no_sense(chosen: list[int], message: str) -> None:
    population = masked_population(Backups(), CELLS, TARGET, OBJECTIVES["expression"])
    for measure in (redundancy, pair_synergies):
        with pytest.raises(XbenchError, match=message):
            measure(population, chosen)


def test_the_strongest_pairs_and_what_counts_as_none() -> None:
    generator = np.random.default_rng(0)
    upper = np.triu(generator.normal(size=(7, 7)), k=1)
    upper[0, 1], upper[0, 2] = 0.9e-7, -1.1e-7
    found = summarised(upper + upper.T, [9, 8, 7, 6, 5, 4, 3], -1.0)
    assert found.resolution == RESOLUTION
    values = {(9 - i, 9 - j): upper[i, j] for i in range(7) for j in range(i + 1, 7)}
    order = sorted(values, key=lambda pair: -abs(values[pair]))[:10]
    assert list(found.strongest) == [PairSynergy(*pair, values[pair]) for pair in order]
    assert found.share_positive == np.mean([value > 1e-7 for value in values.values()])
    assert found.share_negative == np.mean([value < -1e-7 for value in values.values()])
    assert found.share_positive + found.share_negative == pytest.approx(20 / 21)


def test_rounding_stays_below_the_resolution() -> None:
    model = random_cross_modality([30, 20, 40], decoder_sizes=(60, 80)).frozen()
    x = random_inputs(60, 90)
    chosen = [3, 50, 77, 12, 88, 31]
    drop = Drops(model, x)
    population = masked_population(model, x, TARGET, OBJECTIVES["expression"])
    exact = [[0.0 if i == j else drop(i, j) - drop(i) - drop(j) for j in chosen] for i in chosen]
    errors = np.abs(pair_synergies(population, chosen) - exact)
    assert 0 < errors.max() < RESOLUTION * abs(drop.unmasked)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data())
def test_against_full_passes(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=3).filter(sum))
    d = sum(sizes)
    values = st.sampled_from([0.0, 0.0, 1.0, 0.5, -2.0])
    rows = st.lists(values, min_size=d, max_size=d)
    x = np.array(data.draw(st.lists(rows, min_size=1, max_size=5)), dtype=np.float32)
    p = np.array(data.draw(st.one_of(st.just([0.0] * d), rows)), dtype=np.float32)
    chosen = data.draw(st.lists(st.integers(0, d - 1), min_size=1, max_size=6, unique=True))
    seed = data.draw(st.integers(0, 3))
    for model in (
        InteractingToy(sizes, seed=seed),
        random_cross_modality(sizes, decoder_sizes=(6, 7), n_hidden=3).frozen(),
    ):
        populations = (
            masked_population(model, x, TARGET, OBJECTIVES["expression"], p),
            dense_twin(model, x, TARGET, perturbation=p),
        )
        drop = Drops(model, x, p)
        for population in populations:
            agrees(population, drop, chosen)
